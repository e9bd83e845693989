#include <cstdio>

#include "check.h"
#include "handles.h"

namespace {

/// What a computation is told and what it saw.
struct Context {
    acm_tensor *weight;
    int runs = 0;
    int failsAt = 0;
    int released = 0;
};

/// `square(input) * weight`.
int32_t run(void *pointer, acm_tensor *const *inputs, int32_t input_count, acm_tensor **results,
            int32_t result_capacity, int32_t *result_count, char *message, int32_t message_capacity) {
    auto *context = static_cast<Context *>(pointer);
    Tensor input(input_count == 1 ? inputs[0] : nullptr);  // taken over
    if (++context->runs == context->failsAt) {
        std::snprintf(message, static_cast<size_t>(message_capacity), "run %d fails", context->runs);
        return ACM_FAILURE;
    }
    Tensor square = compute(find("aten::square"), {value::tensor(input)});
    Tensor product = compute(find("aten::mul", "Tensor"),
                             {value::tensor(square), value::tensor(context->weight)});
    if (result_capacity < 1) return ACM_INVALID_ARGUMENT;
    results[0] = product.release();
    *result_count = 1;
    return ACM_OK;
}

void release(void *pointer) { ++static_cast<Context *>(pointer)->released; }

Tensor leaf(const std::vector<float> &numbers) {
    Tensor leaf = tensor(numbers, {static_cast<int64_t>(numbers.size())});
    expect(acm_tensor_set_requires_gradient(leaf.get(), true));
    return leaf;
}

std::vector<float> gradient(const Tensor &tensor) {
    acm_tensor *gradient = nullptr;
    expect(acm_tensor_gradient(tensor.get(), &gradient));
    return numbers(Tensor(gradient));
}

int32_t recomputed(Context &context, const Tensor &input, Tensor &result, int32_t capacity = 1) {
    acm_tensor *given = input.get(), *results[1] = {nullptr};
    int32_t count = 0;
    int32_t status = acm_tensor_recomputed(&given, 1, run, release, &context, results, capacity, &count);
    if (status == ACM_OK) result.reset(results[0]);
    return status;
}

}  // namespace

TEST(backwardRunsTheComputationAgain) {
    Tensor x = leaf({1, 2, 3}), w = leaf({4, 5, 6}), seed = tensor<float>({1, 1, 1}, {3}), y;
    Context context{w.get()};
    EXPECT_OK(recomputed(context, x, y));
    EXPECT(context.runs == 1 && (numbers(y) == std::vector<float>{4, 20, 54}));
    EXPECT_OK(acm_tensor_backward(y.get(), seed.get(), false));
    EXPECT(context.runs == 2);
    EXPECT((gradient(x) == std::vector<float>{8, 20, 36}));
    EXPECT((gradient(w) == std::vector<float>{1, 4, 9}));
    y.reset();
    EXPECT(context.released == 1);
}

TEST(aFailureInBackwardIsItsMessage) {
    Tensor x = leaf({1}), w = leaf({1}), y;
    Context context{w.get()};
    context.failsAt = 2;
    EXPECT_OK(recomputed(context, x, y));
    EXPECT_REFUSED(acm_tensor_backward(y.get(), nullptr, false), ACM_FAILURE, "run 2 fails");
}

TEST(theContextIsReleasedOnceWhateverHappens) {
    Tensor x = leaf({1}), w = leaf({1}), y;
    Context context{w.get()};
    context.failsAt = 1;
    EXPECT_REFUSED(recomputed(context, x, y), ACM_FAILURE, "run 1 fails");
    EXPECT(context.released == 1);
    EXPECT_REFUSED(recomputed(context, x, y, 0), ACM_INVALID_ARGUMENT, "room for 0");
    EXPECT(context.released == 2);
    acm_tensor *results[1] = {nullptr};
    int32_t count = 0;
    EXPECT_REFUSED(
        acm_tensor_recomputed(nullptr, 1, run, release, &context, results, 1, &count),
        ACM_INVALID_ARGUMENT, "inputs is null");
    EXPECT(context.released == 3);
}

TEST(withoutRecordingItRunsOnce) {
    Tensor x = leaf({2}), w = leaf({3}), y;
    Context context{w.get()};
    bool previous = false;
    expect(acm_gradient_mode_set(false, &previous));
    EXPECT_OK(recomputed(context, x, y));
    expect(acm_gradient_mode_set(previous, &previous));
    bool required = true;
    expect(acm_tensor_requires_gradient(y.get(), &required));
    EXPECT(context.runs == 1 && context.released == 1 && !required);
}

TEST(aSharedReferenceIsTheSameTensor) {
    Tensor x = tensor<float>({1, 2}, {2});
    acm_tensor *shared = nullptr;
    EXPECT_OK(acm_tensor_share(x.get(), &shared));
    EXPECT(shared == x.get());
    EXPECT_OK(acm_tensor_free(shared));
    EXPECT_REFUSED(acm_tensor_share(nullptr, &shared), ACM_INVALID_ARGUMENT, "tensor is null");
}
