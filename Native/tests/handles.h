// Tensor handles that free themselves, and short ways to make them, read them and call operators.
#pragma once

#include <acm.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <vector>

struct Free {
    void operator()(acm_tensor *handle) const { acm_tensor_free(handle); }
};
using Tensor = std::unique_ptr<acm_tensor, Free>;

/// Throws the message of a call that failed although the test relies on it.
inline void expect(int32_t status) {
    if (status != ACM_OK) throw std::runtime_error(acm_error_message());
}

template <typename Number>
constexpr int32_t scalarType() {
    if constexpr (std::is_same_v<Number, float>) return ACM_FLOAT32;
    else if constexpr (std::is_same_v<Number, double>) return ACM_FLOAT64;
    else return ACM_INT64;
}

/// A tensor that owns a copy of the numbers.
template <typename Number = float>
Tensor tensor(const std::vector<Number> &numbers, const std::vector<int64_t> &shape) {
    auto *copy = new std::vector<Number>(numbers);
    acm_tensor *handle = nullptr;
    expect(acm_tensor_create(
        copy->data(), scalarType<Number>(), shape.data(), static_cast<int32_t>(shape.size()),
        [](void *context) { delete static_cast<std::vector<Number> *>(context); }, copy, &handle));
    return Tensor(handle);
}

inline std::vector<int64_t> shape(const Tensor &tensor) {
    int32_t rank = 0;
    expect(acm_tensor_rank(tensor.get(), &rank));
    std::vector<int64_t> sizes(static_cast<size_t>(rank));
    expect(acm_tensor_shape(tensor.get(), sizes.data()));
    return sizes;
}

inline int32_t scalarType(const Tensor &tensor) {
    int32_t code = -1;
    expect(acm_tensor_scalar_type(tensor.get(), &code));
    return code;
}

/// The numbers of a contiguous tensor on the host.
template <typename Number = float>
std::vector<Number> numbers(const Tensor &tensor) {
    int64_t count = 1;
    for (int64_t size : shape(tensor)) count *= size;
    if (scalarType(tensor) != scalarType<Number>()) throw std::runtime_error("another scalar type");
    void *data = nullptr;
    expect(acm_tensor_data(tensor.get(), &data));
    auto *first = static_cast<const Number *>(data);
    return std::vector<Number>(first, first + count);
}

namespace value {

inline acm_value of(int32_t kind, int32_t count = 0) {
    acm_value value{};
    value.kind = kind;
    value.count = count;
    return value;
}
inline acm_value none() { return of(ACM_NONE); }
inline acm_value tensor(acm_tensor *handle) {
    acm_value value = of(ACM_TENSOR);
    value.tensor = handle;
    return value;
}
inline acm_value tensor(const Tensor &tensor) { return value::tensor(tensor.get()); }
inline acm_value integer(int64_t number) {
    acm_value value = of(ACM_INTEGER);
    value.integer = number;
    return value;
}
inline acm_value real(double number) {
    acm_value value = of(ACM_REAL);
    value.real = number;
    return value;
}
inline acm_value boolean(bool truth) {
    acm_value value = of(ACM_BOOLEAN);
    value.boolean = truth;
    return value;
}
inline acm_value string(const char *text) {
    acm_value value = of(ACM_STRING);
    value.string = text;
    return value;
}
// Lists are borrowed: they must outlive the call.
inline acm_value integers(const std::vector<int64_t> &list) {
    acm_value value = of(ACM_INTEGERS, static_cast<int32_t>(list.size()));
    value.integers = list.data();
    return value;
}
inline acm_value reals(const std::vector<double> &list) {
    acm_value value = of(ACM_REALS, static_cast<int32_t>(list.size()));
    value.reals = list.data();
    return value;
}
inline acm_value tensors(const std::vector<acm_tensor *> &list) {
    acm_value value = of(ACM_TENSORS, static_cast<int32_t>(list.size()));
    value.tensors = list.data();
    return value;
}
inline acm_value device(int32_t type, int32_t index) {
    acm_value value = of(ACM_DEVICE, index);
    value.integer = type;
    return value;
}

}  // namespace value

inline const acm_operator *find(const char *name, const char *overload = "") {
    const acm_operator *op = nullptr;
    expect(acm_operator_find(name, overload, &op));
    return op;
}

/// Calls an operator for its results; the caller owns the tensors among them.
inline int32_t call(const acm_operator *op, const std::vector<acm_value> &arguments,
                    std::vector<acm_value> &results) {
    int32_t count = 0;
    int32_t status =
        acm_operator_call(op, arguments.data(), static_cast<int32_t>(arguments.size()),
                          results.data(), static_cast<int32_t>(results.size()), &count);
    if (status == ACM_OK) results.resize(static_cast<size_t>(count));
    return status;
}

/// Calls an operator for its status alone.
inline int32_t attempt(const acm_operator *op, const std::vector<acm_value> &arguments) {
    std::vector<acm_value> dropped;
    return call(op, arguments, dropped);
}

/// Calls an operator for its one tensor.
inline Tensor compute(const acm_operator *op, const std::vector<acm_value> &arguments) {
    std::vector<acm_value> results(1);
    expect(call(op, arguments, results));
    if (results.size() != 1 || results[0].kind != ACM_TENSOR)
        throw std::runtime_error("the operator returned no tensor");
    return Tensor(results[0].tensor);
}
