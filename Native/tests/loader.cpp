#include <acm_loader.h>

#include "check.h"

TEST(forwardsOnceLoaded) {
    int64_t count = 5;
    EXPECT_REFUSED(acm_tensor_live_count(&count), ACM_UNAVAILABLE,
                  "libacm.so is not loaded (acm_tensor_live_count)");
    EXPECT(count == 5);
    EXPECT_REFUSED(acm_library_load("/nowhere/libacm.so"), ACM_UNAVAILABLE, "/nowhere/libacm.so");
    EXPECT_REFUSED(acm_library_load(nullptr), ACM_UNAVAILABLE, "no path given");
    EXPECT_REFUSED(acm_runtime_open(ACM_INTERFACE_VERSION), ACM_UNAVAILABLE, "not loaded");

    EXPECT_OK(acm_library_load(ACM_LIBRARY));
    EXPECT_OK(acm_library_load("/nowhere/libacm.so"));
    EXPECT_OK(acm_runtime_open(ACM_INTERFACE_VERSION));
    EXPECT_OK(acm_tensor_live_count(&count));
    EXPECT(count == 0);
    EXPECT_REFUSED(acm_tensor_live_count(nullptr), ACM_INVALID_ARGUMENT, "count is null");
}

TEST(tensorsAndOperatorsGoThroughIt) {
    float numbers[] = {1, 2};
    int64_t shape[] = {2};
    acm_tensor *input = nullptr;
    EXPECT_OK(acm_tensor_create(numbers, ACM_FLOAT32, shape, 1, nullptr, nullptr, &input));
    const acm_operator *sum = nullptr;
    EXPECT_OK(acm_operator_find("aten::sum", "", &sum));
    acm_value argument{}, result{};
    argument.kind = ACM_TENSOR;
    argument.tensor = input;
    int32_t count = 0;
    EXPECT_OK(acm_operator_call(sum, &argument, 1, &result, 1, &count));
    void *data = nullptr;
    EXPECT_OK(acm_tensor_data(result.tensor, &data));
    EXPECT(count == 1 && *static_cast<float *>(data) == 3);
    EXPECT_OK(acm_tensor_free(result.tensor));
    EXPECT_OK(acm_tensor_free(input));
}
