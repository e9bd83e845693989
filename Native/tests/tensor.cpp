#include <limits>

#include "check.h"
#include "handles.h"

namespace {

/// Counts how often the data of a tensor was given back.
struct Owner {
    int calls = 0;
    static void deallocate(void *context) { ++static_cast<Owner *>(context)->calls; }
};

int32_t create(void *data, const std::vector<int64_t> &shape, acm_tensor **result,
               Owner *owner = nullptr, int32_t type = ACM_FLOAT32) {
    return acm_tensor_create(data, type, shape.data(), static_cast<int32_t>(shape.size()),
                             owner == nullptr ? nullptr : Owner::deallocate, owner, result);
}

/// What a failed call must leave as it was.
acm_tensor *untouched() { return reinterpret_cast<acm_tensor *>(0x40); }

}  // namespace

TEST(describesItself) {
    float data[] = {1, 2, 3, 4, 5, 6};
    acm_tensor *handle = nullptr;
    EXPECT_OK(create(data, {2, 3}, &handle));
    Tensor tensor(handle);
    EXPECT(shape(tensor) == (std::vector<int64_t>{2, 3}));
    EXPECT(scalarType(tensor) == ACM_FLOAT32);
    int64_t strides[2] = {};
    EXPECT_OK(acm_tensor_strides(handle, strides));
    EXPECT(strides[0] == 3 && strides[1] == 1);
    int32_t type = -1, index = -1;
    EXPECT_OK(acm_tensor_device(handle, &type, &index));
    EXPECT(type == ACM_CPU && index == 0);
    bool contiguous = false;
    EXPECT_OK(acm_tensor_is_contiguous(handle, &contiguous));
    EXPECT(contiguous);
    void *address = nullptr;
    EXPECT_OK(acm_tensor_data(handle, &address));
    EXPECT(address == data);
}

TEST(aViewSharesDataAndHasItsOwnStrides) {
    Tensor whole = tensor<float>({1, 2, 3, 4, 5, 6}, {2, 3});
    Tensor turned = compute(find("aten::t"), {value::tensor(whole)});
    int64_t strides[2] = {};
    EXPECT_OK(acm_tensor_strides(turned.get(), strides));
    EXPECT(shape(turned) == (std::vector<int64_t>{3, 2}) && strides[0] == 1 && strides[1] == 3);
    bool contiguous = true;
    EXPECT_OK(acm_tensor_is_contiguous(turned.get(), &contiguous));
    EXPECT(!contiguous);
    whole.reset();
    EXPECT((numbers(compute(find("aten::contiguous"), {value::tensor(turned)})) ==
           std::vector<float>{1, 4, 2, 5, 3, 6}));
}

TEST(everyScalarTypeIsTaken) {
    alignas(8) char data[8] = {};
    for (int32_t type : {ACM_UINT8, ACM_INT8, ACM_INT16, ACM_INT32, ACM_INT64, ACM_FLOAT16,
                         ACM_FLOAT32, ACM_FLOAT64, ACM_BOOL, ACM_BFLOAT16}) {
        acm_tensor *handle = nullptr;
        EXPECT_OK(create(data, {1}, &handle, nullptr, type));
        EXPECT(scalarType(Tensor(handle)) == type);
    }
    for (int32_t type : {-1, 9, 12, 100}) {
        acm_tensor *handle = untouched();
        EXPECT_REFUSED(create(data, {1}, &handle, nullptr, type), ACM_INVALID_ARGUMENT,
                      "unknown scalar type " + std::to_string(type));
        EXPECT(handle == untouched());
    }
}

TEST(aScalarAndAnEmptyTensor) {
    Tensor scalar = tensor<float>({7}, {});
    EXPECT(shape(scalar).empty() && numbers(scalar) == std::vector<float>{7});
    EXPECT_OK(acm_tensor_shape(scalar.get(), nullptr));
    EXPECT_OK(acm_tensor_strides(scalar.get(), nullptr));
    acm_tensor *handle = nullptr;
    EXPECT_OK(create(nullptr, {0, 3}, &handle));
    Tensor empty(handle);
    EXPECT(shape(empty) == (std::vector<int64_t>{0, 3}) && numbers(empty).empty());
}

TEST(dataIsGivenBackOnceWithTheLastReference) {
    float data[] = {1, 2};
    Owner owner;
    acm_tensor *handle = nullptr;
    EXPECT_OK(create(data, {2}, &handle, &owner));
    Tensor view = compute(find("aten::alias"), {value::tensor(handle)});
    EXPECT_OK(acm_tensor_free(handle));
    EXPECT(owner.calls == 0 && numbers(view)[1] == 2);
    view.reset();
    EXPECT(owner.calls == 1);
}

TEST(emptyDataIsGivenBackOnce) {
    float data[1] = {};
    for (float *address : {data, static_cast<float *>(nullptr)}) {
        Owner owner;
        acm_tensor *handle = nullptr;
        EXPECT_OK(create(address, {0}, &handle, &owner));
        EXPECT_OK(acm_tensor_free(handle));
        EXPECT(owner.calls == 1);
    }
}

TEST(aRefusedCreationLeavesTheDataToItsOwner) {
    float data[] = {1, 2};
    constexpr int64_t huge = std::numeric_limits<int64_t>::max();
    Owner owner;
    acm_tensor *handle = untouched();
    auto refused = [&](int32_t status, const char *part) {
        EXPECT_REFUSED(status, ACM_INVALID_ARGUMENT, part);
        EXPECT(handle == untouched() && owner.calls == 0);
    };
    int64_t shape[] = {2};
    auto deallocate = Owner::deallocate;
    refused(acm_tensor_create(data, ACM_FLOAT32, shape, 1, deallocate, &owner, nullptr),
            "result is null");
    refused(acm_tensor_create(data, ACM_FLOAT32, nullptr, 1, deallocate, &owner, &handle),
            "shape is null");
    refused(acm_tensor_create(data, ACM_FLOAT32, shape, -1, deallocate, &owner, &handle),
            "rank is negative");
    refused(create(nullptr, {2}, &handle, &owner), "data is null");
    refused(create(data, {2, -1}, &handle, &owner), "size at axis 1");
    refused(create(data, {2, huge}, &handle, &owner), "size at axis 1");
    // The elements can be counted, their bytes cannot.
    refused(create(data, {huge / 2}, &handle, &owner), "size at axis 0");
}

TEST(nullPointersAreRefused) {
    Tensor some = tensor<float>({1, 2}, {2});
    acm_tensor *handle = some.get();
    int32_t number = 5;
    int64_t numbers[2] = {5, 5};
    bool truth = true;
    void *address = &number;
    auto refused = [&](int32_t status, const char *part) {
        EXPECT_REFUSED(status, ACM_INVALID_ARGUMENT, part);
        EXPECT(number == 5 && numbers[0] == 5 && numbers[1] == 5 && truth && address == &number);
    };
    refused(acm_tensor_rank(nullptr, &number), "tensor is null");
    refused(acm_tensor_rank(handle, nullptr), "rank is null");
    refused(acm_tensor_shape(nullptr, numbers), "tensor is null");
    refused(acm_tensor_shape(handle, nullptr), "shape is null");
    refused(acm_tensor_strides(nullptr, numbers), "tensor is null");
    refused(acm_tensor_strides(handle, nullptr), "strides is null");
    refused(acm_tensor_scalar_type(nullptr, &number), "tensor is null");
    refused(acm_tensor_scalar_type(handle, nullptr), "scalar_type is null");
    refused(acm_tensor_device(nullptr, &number, &number), "tensor is null");
    refused(acm_tensor_device(handle, nullptr, &number), "type is null");
    refused(acm_tensor_device(handle, &number, nullptr), "index is null");
    refused(acm_tensor_is_contiguous(nullptr, &truth), "tensor is null");
    refused(acm_tensor_is_contiguous(handle, nullptr), "contiguous is null");
    refused(acm_tensor_data(nullptr, &address), "tensor is null");
    refused(acm_tensor_data(handle, nullptr), "data is null");
    refused(acm_tensor_live_count(nullptr), "count is null");
    EXPECT_OK(acm_tensor_free(nullptr));
}

TEST(liveHandlesAreCounted) {
    int64_t before = 0, during = 0, after = 0;
    EXPECT_OK(acm_tensor_live_count(&before));
    Tensor one = tensor<float>({1}, {1});
    Tensor other = compute(find("aten::neg"), {value::tensor(one)});
    EXPECT_OK(acm_tensor_live_count(&during));
    one.reset();
    other.reset();
    EXPECT_OK(acm_tensor_live_count(&after));
    EXPECT(during == before + 2 && after == before);
}

TEST(aSparseTensorHasNoData) {
    Tensor dense = tensor<float>({1, 0, 0, 2}, {2, 2});
    Tensor sparse = compute(find("aten::to_sparse"), {value::tensor(dense)});
    void *address = &dense;
    EXPECT_REFUSED(acm_tensor_data(sparse.get(), &address), ACM_FAILURE, "storage");
    EXPECT(address == &dense);
}
