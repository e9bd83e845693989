#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/core/ivalue.h>
#include <c10/util/SmallVector.h>

#include <mutex>
#include <unordered_map>

#include "boundary.h"

namespace {

/// What an argument of a schema accepts, read once when the operator is found.
enum class Expected { tensor, tensors, optionalTensors, integer, real, scalar, boolean, string,
                      integers, reals, device, other };

struct Parameter {
    Expected expected;
    bool optional;
    std::optional<c10::IValue> fallback;
};

Expected expectation(const c10::TypePtr &type) {
    switch (type->kind()) {
        case c10::TypeKind::TensorType: return Expected::tensor;
        case c10::TypeKind::IntType:
        case c10::TypeKind::SymIntType: return Expected::integer;
        case c10::TypeKind::FloatType: return Expected::real;
        case c10::TypeKind::NumberType: return Expected::scalar;
        case c10::TypeKind::BoolType: return Expected::boolean;
        case c10::TypeKind::StringType: return Expected::string;
        case c10::TypeKind::DeviceObjType: return Expected::device;
        case c10::TypeKind::ListType: {
            auto element = type->expectRef<c10::ListType>().getElementType();
            switch (element->kind()) {
                case c10::TypeKind::TensorType: return Expected::tensors;
                case c10::TypeKind::OptionalType: return Expected::optionalTensors;
                case c10::TypeKind::IntType:
                case c10::TypeKind::SymIntType: return Expected::integers;
                case c10::TypeKind::FloatType: return Expected::reals;
                default: return Expected::other;
            }
        }
        default: return Expected::other;
    }
}

}  // namespace

struct acm_operator {
    c10::OperatorHandle handle;
    std::vector<Parameter> parameters;

    explicit acm_operator(c10::OperatorHandle found) : handle(found) {
        for (const c10::Argument &argument : handle.schema().arguments()) {
            c10::TypePtr type = argument.type();
            bool optional = type->kind() == c10::TypeKind::OptionalType;
            if (optional) type = type->expectRef<c10::OptionalType>().getElementType();
            parameters.push_back({expectation(type), optional, argument.default_value()});
        }
    }

    std::string name() const { return c10::toString(handle.operator_name()); }
};

namespace {

[[noreturn]] void refuse(const acm_operator &op, size_t position, const acm_value &value) {
    static const char *kinds[] = {"none",    "a tensor",     "an integer", "a real number",
                                  "a boolean", "a string",   "integers",   "real numbers",
                                  "tensors", "a device"};
    const c10::Argument &argument = op.handle.schema().arguments()[position];
    bool known = value.kind >= 0 && value.kind <= ACM_DEVICE;
    throw acm::InvalidArgument(op.name() + ": argument " + std::to_string(position) + " '" +
                               argument.name() + "' expects " + argument.type()->str() +
                               ", found " + (known ? kinds[value.kind] : "an unknown kind"));
}

template <typename List, typename Element>
c10::IValue list(const Element *elements, int32_t count) {
    if (count < 0) throw acm::InvalidArgument("a list has a negative count");
    if (count > 0) acm::require(elements, "list");
    List result;
    result.reserve(static_cast<size_t>(count));
    for (int32_t index = 0; index < count; ++index) result.push_back(elements[index]);
    return result;
}

c10::IValue tensors(const acm_value &value, bool allowNone) {
    if (value.count < 0) throw acm::InvalidArgument("a list has a negative count");
    if (value.count > 0) acm::require(value.tensors, "list");
    c10::List<std::optional<at::Tensor>> optionals;
    c10::List<at::Tensor> plain;
    for (int32_t index = 0; index < value.count; ++index) {
        const acm_tensor *entry = value.tensors[index];
        if (allowNone) {
            optionals.push_back(entry == nullptr ? std::nullopt
                                                 : std::make_optional(acm::unwrap(entry)));
        } else {
            plain.push_back(acm::unwrap(entry));
        }
    }
    return allowNone ? c10::IValue(std::move(optionals)) : c10::IValue(std::move(plain));
}

c10::IValue convert(const acm_operator &op, size_t position, const acm_value &value) {
    const Parameter &parameter = op.parameters[position];
    Expected expected = parameter.expected;
    switch (value.kind) {
        case ACM_NONE:
            if (parameter.optional) return {};
            break;
        case ACM_TENSOR:
            if (expected == Expected::tensor) return acm::unwrap(value.tensor);
            break;
        case ACM_INTEGER:
            if (expected == Expected::integer || expected == Expected::scalar) return value.integer;
            if (expected == Expected::real) return static_cast<double>(value.integer);
            break;
        case ACM_REAL:
            if (expected == Expected::real || expected == Expected::scalar) return value.real;
            break;
        case ACM_BOOLEAN:
            if (expected == Expected::boolean || expected == Expected::scalar) return value.boolean;
            break;
        case ACM_STRING:
            acm::require(value.string, "string");
            if (expected == Expected::string) return std::string(value.string);
            break;
        case ACM_INTEGERS:
            if (expected == Expected::integers)
                return list<c10::List<int64_t>>(value.integers, value.count);
            break;
        case ACM_REALS:
            if (expected == Expected::reals)
                return list<c10::List<double>>(value.reals, value.count);
            break;
        case ACM_TENSORS:
            if (expected == Expected::tensors) return tensors(value, false);
            if (expected == Expected::optionalTensors) return tensors(value, true);
            break;
        case ACM_DEVICE:
            if (expected == Expected::device)
                return acm::device(static_cast<int32_t>(value.integer), value.count);
            break;
        default:
            break;
    }
    refuse(op, position, value);
}

/// Collects results, so that the caller sees all of them or none; what does not fit is dropped.
class Results {
public:
    explicit Results(size_t capacity) : capacity_(capacity) {}
    Results(const Results &) = delete;
    ~Results() {
        for (const acm_value &value : values_)
            if (value.kind == ACM_TENSOR) acm_tensor_free(value.tensor);
    }

    void add(const acm_operator &op, const c10::IValue &value) {
        if (value.isTensorList()) {
            for (const at::Tensor &tensor : value.toTensorVector()) add(op, tensor);
            return;
        }
        if (values_.size() == capacity_) return;
        acm_value result{};
        if (value.isTensor()) {
            if (value.toTensor().defined()) {
                result.kind = ACM_TENSOR;
                result.tensor = acm::wrap(value.toTensor());
            }
        } else if (value.isInt()) {
            result.kind = ACM_INTEGER;
            result.integer = value.toInt();
        } else if (value.isDouble()) {
            result.kind = ACM_REAL;
            result.real = value.toDouble();
        } else if (value.isBool()) {
            result.kind = ACM_BOOLEAN;
            result.boolean = value.toBool();
        } else if (!value.isNone()) {
            throw acm::InvalidArgument(op.name() + " returns " + value.tagKind() +
                                       ", which this interface does not carry");
        }
        values_.push_back(result);
    }

    /// Hands all values to the caller and returns their number.
    int32_t give(acm_value *destination) {
        auto count = static_cast<int32_t>(values_.size());
        std::copy(values_.begin(), values_.end(), destination);
        values_.clear();
        return count;
    }

private:
    size_t capacity_;
    c10::SmallVector<acm_value, 8> values_;
};

}  // namespace

int32_t acm_operator_find(const char *name, const char *overload, const acm_operator **result) {
    return acm::guarded([&] {
        acm::require(name, "name");
        acm::require(overload, "overload");
        acm::require(result, "result");
        static std::mutex mutex;
        static auto *found = new std::unordered_map<std::string, std::unique_ptr<acm_operator>>;
        std::lock_guard lock(mutex);
        auto &entry = (*found)[std::string(name) + "." + overload];
        if (!entry) {
            auto handle = c10::Dispatcher::singleton().findSchema({name, overload});
            if (!handle)
                throw acm::InvalidArgument("libtorch has no operator " + std::string(name) +
                                           (*overload ? "." : "") + overload);
            entry = std::make_unique<acm_operator>(*handle);
        }
        *result = entry.get();
    });
}

int32_t acm_operator_call(const acm_operator *op, const acm_value *arguments,
                          int32_t argument_count, acm_value *results, int32_t result_capacity,
                          int32_t *result_count) {
    return acm::guarded([&] {
        acm::require(op, "operator");
        if (argument_count > 0) acm::require(arguments, "arguments");
        if (result_capacity > 0) acm::require(results, "results");
        size_t given = argument_count > 0 ? static_cast<size_t>(argument_count) : 0;
        size_t expected = op->parameters.size();
        if (given > expected)
            throw acm::InvalidArgument(op->name() + " takes " + std::to_string(expected) +
                                       " arguments, found " + std::to_string(given));
        torch::jit::Stack stack;
        stack.reserve(expected);
        for (size_t position = 0; position < given; ++position)
            stack.push_back(convert(*op, position, arguments[position]));
        for (size_t position = given; position < expected; ++position) {
            const auto &fallback = op->parameters[position].fallback;
            if (!fallback)
                throw acm::InvalidArgument(
                    op->name() + ": argument " + std::to_string(position) + " '" +
                    op->handle.schema().arguments()[position].name() + "' is missing");
            stack.push_back(*fallback);
        }
        op->handle.callBoxed(stack);
        Results collected(result_capacity > 0 ? static_cast<size_t>(result_capacity) : 0);
        for (const c10::IValue &value : stack) collected.add(*op, value);
        int32_t count = collected.give(results);
        if (result_count != nullptr) *result_count = count;
    });
}
