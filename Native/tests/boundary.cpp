#include <thread>

#include "check.h"
#include "handles.h"

TEST(messagesBelongToTheirThread) {
    EXPECT_REFUSED(acm_tensor_rank(nullptr, nullptr), ACM_INVALID_ARGUMENT, "rank is null");
    std::string before = "unset", after;
    std::thread other([&] {
        before = acm_error_message();
        acm_tensor_live_count(nullptr);
        after = acm_error_message();
    });
    other.join();
    EXPECT(before.empty());
    EXPECT(after == "count is null");
    EXPECT(std::string(acm_error_message()) == "rank is null");
}

TEST(successKeepsTheLastMessage) {
    EXPECT_REFUSED(acm_tensor_live_count(nullptr), ACM_INVALID_ARGUMENT, "count is null");
    int64_t count = 0;
    EXPECT_OK(acm_tensor_live_count(&count));
    EXPECT(std::string(acm_error_message()) == "count is null");
}

TEST(exhaustedMemoryHasItsOwnStatus) {
    // 4 EiB: more than any address space.
    std::vector<int64_t> shape = {int64_t(1) << 60};
    EXPECT_REFUSED(attempt(find("aten::empty", "memory_format"), {value::integers(shape)}),
                  ACM_OUT_OF_MEMORY, "allocate");
}

TEST(libtorchsErrorsComeWithoutItsBacktrace) {
    Tensor one = tensor<float>({1, 2}, {2}), other = tensor<float>({1, 2, 3}, {3});
    int32_t status = attempt(find("aten::add", "Tensor"), {value::tensor(one), value::tensor(other)});
    EXPECT_REFUSED(status, ACM_FAILURE, "must match the size");
    EXPECT(std::string(acm_error_message()).find("Exception raised from") == std::string::npos);
}
