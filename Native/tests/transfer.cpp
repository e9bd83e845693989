#include "check.h"
#include "handles.h"

#include <vector>

TEST(aCopyToTheHostIsTheTensor) {
    std::vector<float> numbers{1, 2, 3, 4, 5, 6};
    int64_t shape[] = {2, 3};
    acm_tensor *tensor = nullptr, *copy = nullptr;
    EXPECT_OK(acm_tensor_create(numbers.data(), ACM_FLOAT32, shape, 2, nullptr, nullptr, &tensor));
    EXPECT_OK(acm_tensor_copy_aside(tensor, ACM_CPU, 0, &copy));
    void *data = nullptr;
    EXPECT_OK(acm_tensor_data(copy, &data));
    EXPECT(std::equal(numbers.begin(), numbers.end(), static_cast<float *>(data)));
    EXPECT_OK(acm_tensor_free(copy));
    EXPECT_OK(acm_tensor_free(tensor));
}

TEST(copiesToDevicesComeBackUnchanged) {
    int32_t count = 0;
    EXPECT_OK(acm_device_count(ACM_CUDA, &count));
    std::vector<float> numbers(1 << 20);
    for (size_t index = 0; index < numbers.size(); ++index) numbers[index] = static_cast<float>(index);
    int64_t shape[] = {1 << 20};
    for (int32_t index = 0; index < count; ++index) {
        acm_tensor *tensor = nullptr, *copy = nullptr, *back = nullptr;
        EXPECT_OK(acm_tensor_create(numbers.data(), ACM_FLOAT32, shape, 1, nullptr, nullptr, &tensor));
        EXPECT_OK(acm_tensor_copy_aside(tensor, ACM_CUDA, index, &copy));
        int32_t type = -1, place = -1;
        EXPECT_OK(acm_tensor_device(copy, &type, &place));
        EXPECT(type == ACM_CUDA && place == index);
        EXPECT_OK(acm_tensor_copy_aside(copy, ACM_CPU, 0, &back));
        void *data = nullptr;
        EXPECT_OK(acm_tensor_data(back, &data));
        EXPECT(std::equal(numbers.begin(), numbers.end(), static_cast<float *>(data)));
        for (acm_tensor *used : {back, copy, tensor}) EXPECT_OK(acm_tensor_free(used));
    }
}

TEST(whatCannotBeCopiedIsRefused) {
    float number = 1;
    acm_tensor *tensor = nullptr, *copy = nullptr;
    EXPECT_OK(acm_tensor_create(&number, ACM_FLOAT32, nullptr, 0, nullptr, nullptr, &tensor));
    EXPECT_REFUSED(acm_tensor_copy_aside(nullptr, ACM_CPU, 0, &copy), ACM_INVALID_ARGUMENT, "tensor is null");
    EXPECT_REFUSED(acm_tensor_copy_aside(tensor, ACM_CPU, 0, nullptr), ACM_INVALID_ARGUMENT, "result is null");
    EXPECT_REFUSED(acm_tensor_copy_aside(tensor, 7, 0, &copy), ACM_INVALID_ARGUMENT, "unknown device type 7");
    EXPECT_REFUSED(acm_tensor_copy_aside(tensor, ACM_CUDA, 127, &copy), ACM_UNAVAILABLE, "cuda");
    EXPECT(copy == nullptr);
    EXPECT_OK(acm_tensor_free(tensor));
}
