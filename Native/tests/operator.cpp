#include <cmath>
#include <utility>

#include "check.h"
#include "handles.h"

namespace {

const acm_operator *untouchedOperator() { return reinterpret_cast<const acm_operator *>(0x40); }

/// A result that no operator returns.
acm_value untouchedValue() { return value::of(77, 88); }

/// Checks that a call is refused and writes nothing.
void refused(const acm_operator *op, const std::vector<acm_value> &arguments, int32_t status,
             const std::string &part) {
    acm_value results[2] = {untouchedValue(), untouchedValue()};
    int32_t count = 99;
    EXPECT_REFUSED(acm_operator_call(op, arguments.data(), static_cast<int32_t>(arguments.size()),
                                    results, 2, &count),
                  status, part);
    for (const acm_value &result : results) EXPECT(result.kind == 77 && result.count == 88);
    EXPECT(count == 99);
}

void refused(const acm_operator *op, const std::vector<acm_value> &arguments,
             const std::string &part) {
    refused(op, arguments, ACM_INVALID_ARGUMENT, part);
}

}  // namespace

TEST(findsOperatorsByName) {
    const acm_operator *first = nullptr, *again = nullptr, *other = nullptr;
    EXPECT_OK(acm_operator_find("aten::add", "Tensor", &first));
    EXPECT_OK(acm_operator_find("aten::add", "Tensor", &again));
    EXPECT_OK(acm_operator_find("aten::add", "Scalar", &other));
    EXPECT(first != nullptr && first == again && first != other);
    EXPECT_OK(acm_operator_find("acm::gated_mlp", "", &other));
}

TEST(unknownOperatorsAreRefused) {
    const acm_operator *op = untouchedOperator();
    auto refused = [&](const char *name, const char *overload, const char *part) {
        EXPECT_REFUSED(acm_operator_find(name, overload, &op), ACM_INVALID_ARGUMENT, part);
        EXPECT(op == untouchedOperator());
    };
    refused("aten::no_such_thing", "", "no operator aten::no_such_thing");
    refused("aten::add", "NoSuchThing", "no operator aten::add.NoSuchThing");
    refused("", "", "no operator");
    refused("not a name", "", "no operator not a name");
    refused(nullptr, "", "name is null");
    refused("aten::add", nullptr, "overload is null");
    EXPECT_REFUSED(acm_operator_find("aten::add", "Tensor", nullptr), ACM_INVALID_ARGUMENT,
                  "result is null");
}

TEST(missingArgumentsTakeTheirDefaults) {
    Tensor x = tensor<float>({1, 2}, {2}), y = tensor<float>({10, 20}, {2});
    const acm_operator *add = find("aten::add", "Tensor");
    EXPECT((numbers(compute(add, {value::tensor(x), value::tensor(y)})) ==
           std::vector<float>{11, 22}));
    EXPECT((numbers(compute(add, {value::tensor(x), value::tensor(y), value::integer(2)})) ==
           std::vector<float>{21, 42}));
}

TEST(tooFewAndTooManyArguments) {
    Tensor x = tensor<float>({1, 2}, {2});
    const acm_operator *add = find("aten::add", "Tensor");
    acm_value one = value::tensor(x);
    refused(add, {one}, "aten::add.Tensor: argument 1 'other' is missing");
    refused(add, {}, "argument 0 'self' is missing");
    refused(add, {one, one, value::integer(1), one}, "takes 3 arguments, found 4");
    acm_value result = untouchedValue();
    EXPECT_REFUSED(acm_operator_call(add, &one, -1, &result, 1, nullptr), ACM_INVALID_ARGUMENT,
                  "is missing");
}

TEST(nullPointersAreRefused) {
    Tensor x = tensor<float>({1, 2}, {2});
    const acm_operator *negate = find("aten::neg");
    acm_value argument = value::tensor(x), result = untouchedValue();
    int32_t count = 99;
    EXPECT_REFUSED(acm_operator_call(nullptr, &argument, 1, &result, 1, &count),
                  ACM_INVALID_ARGUMENT, "operator is null");
    EXPECT_REFUSED(acm_operator_call(negate, nullptr, 1, &result, 1, &count), ACM_INVALID_ARGUMENT,
                  "arguments is null");
    EXPECT_REFUSED(acm_operator_call(negate, &argument, 1, nullptr, 1, &count),
                  ACM_INVALID_ARGUMENT, "results is null");
    EXPECT(result.kind == 77 && count == 99);
    refused(negate, {value::tensor(nullptr)}, "tensor is null");
    // Whoever knows the number of results need not ask for it.
    EXPECT_OK(acm_operator_call(negate, &argument, 1, &result, 1, nullptr));
    EXPECT(result.kind == ACM_TENSOR);
    Tensor free(result.tensor);
}

TEST(wrongKindsAreRefusedByPositionAndName) {
    Tensor x = tensor<float>({1, 2}, {2});
    const acm_operator *add = find("aten::add", "Tensor");
    std::vector<int64_t> list = {1};
    std::vector<double> reals = {1};
    const std::pair<acm_value, const char *> wrong[] = {
        {value::none(), "found none"},
        {value::integer(1), "found an integer"},
        {value::real(1), "found a real number"},
        {value::boolean(true), "found a boolean"},
        {value::string("x"), "found a string"},
        {value::integers(list), "found integers"},
        {value::reals(reals), "found real numbers"},
        {value::tensors({}), "found tensors"},
        {value::device(ACM_CPU, 0), "found a device"},
        {value::of(-1), "found an unknown kind"},
        {value::of(10), "found an unknown kind"},
    };
    for (const auto &[argument, part] : wrong)
        refused(add, {value::tensor(x), argument},
                std::string("aten::add.Tensor: argument 1 'other' expects Tensor, ") + part);
    refused(find("aten::square"), {value::string(nullptr)}, "string is null");
    refused(add, {value::tensor(x), value::tensor(x), value::tensor(x)}, "'alpha' expects Scalar");
}

TEST(scalarsKeepTheirKind) {
    Tensor whole = tensor<int64_t>({1, 2}, {2});
    const acm_operator *add = find("aten::add", "Scalar");
    Tensor byInteger = compute(add, {value::tensor(whole), value::integer(1)});
    EXPECT((numbers<int64_t>(byInteger) == std::vector<int64_t>{2, 3}));
    Tensor byReal = compute(add, {value::tensor(whole), value::real(0.5)});
    EXPECT((numbers<float>(byReal) == std::vector<float>{1.5, 2.5}));
    Tensor filled = compute(find("aten::full_like"), {value::tensor(whole), value::boolean(true)});
    EXPECT((numbers<int64_t>(filled) == std::vector<int64_t>{1, 1}));
}

TEST(aRealArgumentTakesAnInteger) {
    Tensor x = tensor<float>({1, 2, 3, 4}, {4});
    const acm_operator *dropout = find("aten::dropout");
    Tensor kept = compute(dropout, {value::tensor(x), value::integer(0), value::boolean(true)});
    EXPECT(numbers(kept) == numbers(x));
    kept = compute(dropout, {value::tensor(x), value::real(1), value::boolean(true)});
    EXPECT((numbers(kept) == std::vector<float>{0, 0, 0, 0}));
    refused(dropout, {value::tensor(x), value::boolean(true), value::boolean(true)},
            "'p' expects float");
    refused(find("aten::unsqueeze"), {value::tensor(x), value::real(0)}, "'dim' expects int");
}

TEST(optionalArgumentsTakeNone) {
    Tensor x = tensor<float>({-2, 1, 5}, {3});
    const acm_operator *clamp = find("aten::clamp");
    Tensor above = compute(clamp, {value::tensor(x), value::integer(0), value::none()});
    EXPECT((numbers(above) == std::vector<float>{0, 1, 5}));
    Tensor below = compute(clamp, {value::tensor(x), value::none(), value::real(2)});
    EXPECT((numbers(below) == std::vector<float>{-2, 1, 2}));
}

TEST(stringsNameVariants) {
    Tensor x = tensor<float>({1}, {1});
    const acm_operator *gelu = find("aten::gelu");
    float exact = numbers(compute(gelu, {value::tensor(x), value::string("none")}))[0];
    float approximate = numbers(compute(gelu, {value::tensor(x), value::string("tanh")}))[0];
    EXPECT(exact != approximate && std::abs(exact - approximate) < 1e-3f);
    refused(gelu, {value::tensor(x), value::string("other")}, ACM_FAILURE, "approximate");
    refused(gelu, {value::tensor(x), value::string(nullptr)}, "string is null");
}

TEST(listsOfNumbers) {
    Tensor x = tensor<float>({1, 2, 3, 4}, {2, 2});
    std::vector<int64_t> flat = {4}, none;
    EXPECT(shape(compute(find("aten::reshape"), {value::tensor(x), value::integers(flat)})) == flat);
    std::vector<int64_t> ones = {1, 1, 1, 1};
    Tensor single = compute(find("aten::sum"), {value::tensor(x)});
    EXPECT(shape(compute(find("aten::expand"), {value::tensor(single), value::integers(ones)})) ==
          ones);
    EXPECT(shape(compute(find("aten::reshape"), {value::tensor(single), value::integers(none)}))
              .empty());
    acm_value negative = value::integers(flat), missing = value::of(ACM_INTEGERS, 1);
    negative.count = -1;
    refused(find("aten::reshape"), {value::tensor(x), negative}, "negative count");
    refused(find("aten::reshape"), {value::tensor(x), missing}, "list is null");

    Tensor image = tensor<float>({1, 2, 3, 4}, {1, 1, 2, 2});
    std::vector<double> twice = {2, 2};
    const acm_operator *upsample = find("aten::upsample_nearest2d", "vec");
    Tensor larger =
        compute(upsample, {value::tensor(image), value::none(), value::reals(twice)});
    EXPECT((shape(larger) == std::vector<int64_t>{1, 1, 4, 4}));
    acm_value noReals = value::of(ACM_REALS, 2);
    refused(upsample, {value::tensor(image), value::none(), noReals}, "list is null");
}

TEST(listsOfTensors) {
    Tensor x = tensor<float>({1, 2}, {2}), y = tensor<float>({3}, {1});
    std::vector<acm_tensor *> pair = {x.get(), y.get()}, broken = {x.get(), nullptr};
    const acm_operator *join = find("aten::cat");
    EXPECT((numbers(compute(join, {value::tensors(pair)})) == std::vector<float>{1, 2, 3}));
    refused(join, {value::tensors(broken)}, "tensor is null");
    acm_value negative = value::tensors(pair), missing = value::of(ACM_TENSORS, 2);
    negative.count = -1;
    refused(join, {negative}, "negative count");
    refused(join, {missing}, "list is null");
    refused(join, {value::tensors({})}, ACM_FAILURE, "non-empty");
}

TEST(listsOfOptionalTensors) {
    Tensor x = tensor<float>({1, 2, 3, 4, 5, 6}, {2, 3}), columns = tensor<int64_t>({2, 0}, {2});
    std::vector<acm_tensor *> indices = {nullptr, columns.get()};
    Tensor chosen =
        compute(find("aten::index", "Tensor"), {value::tensor(x), value::tensors(indices)});
    EXPECT((shape(chosen) == std::vector<int64_t>{2, 2}));
    EXPECT((numbers(compute(find("aten::contiguous"), {value::tensor(chosen)})) ==
           std::vector<float>{3, 1, 6, 4}));
}

TEST(scalarTypesAndDevicesAsArguments) {
    std::vector<int64_t> two = {2};
    const acm_operator *zeros = find("aten::zeros");
    auto make = [&](acm_value device) {
        return std::vector<acm_value>{value::integers(two), value::integer(ACM_FLOAT64),
                                      value::none(), device, value::boolean(false)};
    };
    Tensor made = compute(zeros, make(value::device(ACM_CPU, 0)));
    EXPECT((numbers<double>(made) == std::vector<double>{0, 0}));
    refused(zeros, make(value::device(5, 0)), "unknown device type 5");
    refused(zeros, make(value::device(ACM_CPU, 128)), "device index 128");
    int32_t count = 0;
    expect(acm_device_count(ACM_CUDA, &count));
    if (count == 0) {
        std::vector<acm_value> results(1);
        EXPECT(call(zeros, make(value::device(ACM_CUDA, 0)), results) == ACM_FAILURE);
    }
}

TEST(severalResults) {
    Tensor x = tensor<float>({3, 9, 4}, {3});
    std::vector<acm_value> results(4, untouchedValue());
    EXPECT_OK(call(find("aten::max", "dim"), {value::tensor(x), value::integer(0)}, results));
    EXPECT(results.size() == 2);
    Tensor highest(results[0].tensor), position(results[1].tensor);
    EXPECT(numbers(highest)[0] == 9 && numbers<int64_t>(position)[0] == 1);
}

TEST(aReturnedListGivesEachOfItsTensors) {
    Tensor x = tensor<float>({1, 2, 3, 4, 5}, {5});
    std::vector<acm_value> results(4);
    EXPECT_OK(call(find("aten::split", "Tensor"), {value::tensor(x), value::integer(2)}, results));
    EXPECT(results.size() == 3);
    std::vector<Tensor> parts;
    for (const acm_value &result : results) parts.emplace_back(result.tensor);
    EXPECT((numbers(parts[1]) == std::vector<float>{3, 4}) && numbers(parts[2])[0] == 5);
}

TEST(resultsBeyondTheCapacityAreDropped) {
    Tensor x = tensor<float>({1, 2, 3, 4, 5}, {5});
    acm_value arguments[] = {value::tensor(x), value::integer(2)};
    const acm_operator *split = find("aten::split", "Tensor");
    acm_value results[3] = {untouchedValue(), untouchedValue(), untouchedValue()};
    int32_t count = 99;
    EXPECT_OK(acm_operator_call(split, arguments, 2, results, 2, &count));
    EXPECT(count == 2 && results[2].kind == 77);
    Tensor first(results[0].tensor), second(results[1].tensor);
    EXPECT_OK(acm_operator_call(split, arguments, 2, nullptr, 0, &count));
    EXPECT(count == 0);
    EXPECT_OK(acm_operator_call(split, arguments, 2, nullptr, -1, &count));
    EXPECT(count == 0);
}

TEST(numbersAsResults) {
    Tensor x = tensor<float>({2.5}, {1}), whole = tensor<int64_t>({4}, {1});
    std::vector<acm_value> results(1);
    EXPECT_OK(call(find("aten::item"), {value::tensor(x)}, results));
    EXPECT(results[0].kind == ACM_REAL && results[0].real == 2.5);
    EXPECT_OK(call(find("aten::item"), {value::tensor(whole)}, results));
    EXPECT(results[0].kind == ACM_INTEGER && results[0].integer == 4);
    EXPECT_OK(call(find("aten::equal"), {value::tensor(x), value::tensor(x)}, results));
    EXPECT(results[0].kind == ACM_BOOLEAN && results[0].boolean);
    EXPECT_OK(call(find("aten::sym_size", "int"), {value::tensor(x), value::integer(0)}, results));
    EXPECT(results[0].kind == ACM_INTEGER && results[0].integer == 1);
}

TEST(aResultThatIsNotThereIsNone) {
    // Outside forward-mode differentiation a tensor has no tangent.
    Tensor x = tensor<float>({1, 2}, {2});
    std::vector<acm_value> results(2, untouchedValue());
    EXPECT_OK(call(find("aten::_unpack_dual"), {value::tensor(x), value::integer(0)}, results));
    EXPECT(results.size() == 2 && results[0].kind == ACM_TENSOR && results[1].kind == ACM_NONE);
    Tensor primal(results[0].tensor);
}

TEST(resultsOfOtherTypesAreRefused) {
    constexpr int64_t complex64 = 9;
    Tensor x = tensor<float>({1}, {1});
    Tensor complex = compute(find("aten::to", "dtype"),
                             {value::tensor(x), value::integer(complex64)});
    refused(find("aten::item"), {value::tensor(complex)},
            "aten::item returns ComplexDouble, which this interface does not carry");
}

TEST(libtorchsRefusalsBecomeFailures) {
    Tensor x = tensor<float>({1, 2}, {2}), y = tensor<float>({1, 2, 3}, {3});
    refused(find("aten::add", "Tensor"), {value::tensor(x), value::tensor(y)}, ACM_FAILURE,
            "must match the size");
    refused(find("aten::unsqueeze"), {value::tensor(x), value::integer(9)}, ACM_FAILURE,
            "out of range");
}

TEST(inPlaceOperatorsReturnTheSameTensor) {
    Tensor x = tensor<float>({1, 2}, {2});
    Tensor same = compute(find("aten::mul_", "Scalar"), {value::tensor(x), value::integer(3)});
    EXPECT((numbers(x) == std::vector<float>{3, 6}) && same.get() == x.get());
}
