#include <thread>

#include "check.h"
#include "handles.h"

namespace {

Tensor leaf(const std::vector<float> &numbers) {
    Tensor leaf = tensor(numbers, {static_cast<int64_t>(numbers.size())});
    expect(acm_tensor_set_requires_gradient(leaf.get(), true));
    return leaf;
}

Tensor gradient(const Tensor &tensor) {
    acm_tensor *gradient = nullptr;
    expect(acm_tensor_gradient(tensor.get(), &gradient));
    return Tensor(gradient);
}

bool requiresGradient(const Tensor &tensor) {
    bool required = false;
    expect(acm_tensor_requires_gradient(tensor.get(), &required));
    return required;
}

Tensor square(const Tensor &tensor) { return compute(find("aten::square"), {value::tensor(tensor)}); }
Tensor sum(const Tensor &tensor) { return compute(find("aten::sum"), {value::tensor(tensor)}); }

}  // namespace

TEST(gradientsAccumulateAndCanBeReplaced) {
    Tensor x = leaf({1, 2, 3});
    EXPECT(gradient(x) == nullptr);
    for (float times : {1.f, 2.f}) {
        Tensor loss = sum(square(x));
        EXPECT(requiresGradient(loss));
        EXPECT_OK(acm_tensor_backward(loss.get(), nullptr, false));
        EXPECT((numbers(gradient(x)) == std::vector<float>{2 * times, 4 * times, 6 * times}));
    }
    Tensor other = tensor<float>({7, 8, 9}, {3});
    EXPECT_OK(acm_tensor_set_gradient(x.get(), other.get()));
    EXPECT((numbers(gradient(x)) == std::vector<float>{7, 8, 9}));
    EXPECT_OK(acm_tensor_set_gradient(x.get(), nullptr));
    EXPECT(gradient(x) == nullptr);
}

TEST(aSeedWeighsTheGradient) {
    Tensor x = leaf({1, 2}), seed = tensor<float>({10, 100}, {2});
    Tensor y = square(x);
    EXPECT_OK(acm_tensor_backward(y.get(), seed.get(), false));
    EXPECT((numbers(gradient(x)) == std::vector<float>{20, 400}));
}

TEST(aGraphIsUsedOnceUnlessRetained) {
    Tensor x = leaf({1, 2});
    Tensor loss = sum(square(x));
    EXPECT_OK(acm_tensor_backward(loss.get(), nullptr, true));
    EXPECT_OK(acm_tensor_backward(loss.get(), nullptr, false));
    EXPECT((numbers(gradient(x)) == std::vector<float>{4, 8}));
    EXPECT_REFUSED(acm_tensor_backward(loss.get(), nullptr, false), ACM_FAILURE, "second time");
}

TEST(backwardRefuses) {
    Tensor x = leaf({1, 2}), plain = tensor<float>({1}, {}), wrong = tensor<float>({1, 1, 1}, {3});
    Tensor y = square(x);
    EXPECT_REFUSED(acm_tensor_backward(nullptr, nullptr, false), ACM_INVALID_ARGUMENT, "null");
    EXPECT_REFUSED(acm_tensor_backward(y.get(), nullptr, false), ACM_FAILURE, "scalar");
    EXPECT_REFUSED(acm_tensor_backward(y.get(), wrong.get(), false), ACM_FAILURE, "shape");
    EXPECT_REFUSED(acm_tensor_backward(plain.get(), nullptr, false), ACM_FAILURE, "require grad");
    EXPECT(gradient(x) == nullptr);
}

TEST(requiringGradients) {
    Tensor x = tensor<float>({1}, {1}), whole = tensor<int64_t>({1}, {1});
    EXPECT(!requiresGradient(x));
    EXPECT_OK(acm_tensor_set_requires_gradient(x.get(), true));
    EXPECT(requiresGradient(x));
    EXPECT_OK(acm_tensor_set_requires_gradient(x.get(), false));
    EXPECT(!requiresGradient(x));
    EXPECT_REFUSED(acm_tensor_set_requires_gradient(whole.get(), true), ACM_FAILURE, "floating");
    EXPECT_REFUSED(acm_tensor_set_requires_gradient(nullptr, true), ACM_INVALID_ARGUMENT, "null");
    bool required = true;
    EXPECT_REFUSED(acm_tensor_requires_gradient(nullptr, &required), ACM_INVALID_ARGUMENT, "null");
    EXPECT_REFUSED(acm_tensor_requires_gradient(x.get(), nullptr), ACM_INVALID_ARGUMENT, "required");
    EXPECT(required);
}

TEST(aGradientMustFitItsTensor) {
    Tensor x = leaf({1, 2});
    Tensor longer = tensor<float>({1, 2, 3}, {3}), precise = tensor<double>({1, 2}, {2});
    auto refused = [&](acm_tensor *gradient) {
        EXPECT_REFUSED(acm_tensor_set_gradient(x.get(), gradient), ACM_INVALID_ARGUMENT,
                      "another tensor of the same shape");
    };
    refused(longer.get());
    refused(precise.get());
    refused(x.get());
    EXPECT_REFUSED(acm_tensor_set_gradient(nullptr, x.get()), ACM_INVALID_ARGUMENT, "null");
    acm_tensor *found = x.get();
    EXPECT_REFUSED(acm_tensor_gradient(nullptr, &found), ACM_INVALID_ARGUMENT, "tensor is null");
    EXPECT(found == x.get());
    EXPECT_REFUSED(acm_tensor_gradient(x.get(), nullptr), ACM_INVALID_ARGUMENT, "gradient is null");
    EXPECT(gradient(x) == nullptr);
}

TEST(gradientModeBelongsToItsThread) {
    Tensor x = leaf({1, 2});
    bool previous = false;
    EXPECT_OK(acm_gradient_mode_set(false, &previous));
    EXPECT(previous);
    EXPECT(!requiresGradient(square(x)));
    bool enabled = true;
    EXPECT_OK(acm_gradient_mode(&enabled));
    EXPECT(!enabled);
    EXPECT_REFUSED(acm_gradient_mode(nullptr), ACM_INVALID_ARGUMENT, "enabled is null");
    bool recordedElsewhere = false;
    std::thread([&] { recordedElsewhere = requiresGradient(square(x)); }).join();
    EXPECT(recordedElsewhere);
    EXPECT_REFUSED(acm_gradient_mode_set(true, nullptr), ACM_INVALID_ARGUMENT, "previous is null");
    EXPECT(!requiresGradient(square(x)));
    EXPECT_OK(acm_gradient_mode_set(true, &previous));
    EXPECT(!previous);
    EXPECT(requiresGradient(square(x)));
    EXPECT_OK(acm_gradient_mode(&enabled));
    EXPECT(enabled);
}

TEST(autocastBelongsToItsThread) {
    Tensor x = tensor<float>({1, 2, 3, 4}, {2, 2});
    auto product = [&] {
        return scalarType(compute(find("aten::matmul"), {value::tensor(x), value::tensor(x)}));
    };
    for (int32_t type : {ACM_BFLOAT16, ACM_FLOAT16}) {
        EXPECT_OK(acm_autocast_set(ACM_CPU, true, type));
        EXPECT(product() == type);
        int32_t elsewhere = -1;
        std::thread([&] { elsewhere = product(); }).join();
        EXPECT(elsewhere == ACM_FLOAT32);
        EXPECT_OK(acm_autocast_set(ACM_CPU, false, type));
        EXPECT(product() == ACM_FLOAT32);
    }
    EXPECT_REFUSED(acm_autocast_set(9, true, ACM_BFLOAT16), ACM_INVALID_ARGUMENT, "device type 9");
    EXPECT_REFUSED(acm_autocast_set(ACM_CPU, true, 99), ACM_INVALID_ARGUMENT, "scalar type 99");
    EXPECT(product() == ACM_FLOAT32);
}

TEST(disablingAutocastDropsItsCastWeights) {
    Tensor x = tensor<float>({1}, {1, 1});
    Tensor matrix = tensor<float>({3}, {1, 1});
    EXPECT_OK(acm_tensor_set_requires_gradient(matrix.get(), true));
    auto product = [&] {
        EXPECT_OK(acm_autocast_set(ACM_CPU, true, ACM_BFLOAT16));
        Tensor result = compute(find("aten::matmul"), {value::tensor(x), value::tensor(matrix)});
        EXPECT_OK(acm_autocast_set(ACM_CPU, false, ACM_BFLOAT16));
        return numbers(compute(find("aten::to", "dtype"),
                               {value::tensor(result), value::integer(ACM_FLOAT32)}))[0];
    };
    EXPECT(product() == 3);
    // Written behind libtorch's back, as an optimiser's step without recording would be.
    void *data = nullptr;
    EXPECT_OK(acm_tensor_data(matrix.get(), &data));
    *static_cast<float *>(data) = 5;
    EXPECT(product() == 5);
}
