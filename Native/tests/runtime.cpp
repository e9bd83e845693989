#include <thread>

#include "check.h"
#include "handles.h"

TEST(opensForItsOwnVersionOnly) {
    EXPECT_OK(acm_runtime_open(ACM_INTERFACE_VERSION));
    EXPECT_REFUSED(acm_runtime_open(ACM_INTERFACE_VERSION + 1), ACM_UNAVAILABLE, "build both anew");
    EXPECT_REFUSED(acm_runtime_open(-1), ACM_UNAVAILABLE, "expects -1");
}

TEST(saysWhatLibtorchItFound) {
    int32_t version = 0;
    EXPECT_OK(acm_runtime_torch_version(&version));
    EXPECT(version >= 20000 && version < 100000);
    EXPECT_REFUSED(acm_runtime_torch_version(nullptr), ACM_INVALID_ARGUMENT, "version is null");

    const char *description = nullptr, *again = nullptr;
    EXPECT_OK(acm_runtime_torch_configuration(&description));
    EXPECT_OK(acm_runtime_torch_configuration(&again));
    EXPECT(std::string(description).find("PyTorch built with") == 0 && description == again);
    EXPECT_REFUSED(acm_runtime_torch_configuration(nullptr), ACM_INVALID_ARGUMENT,
                  "description is null");

    const char *name = nullptr;
    EXPECT_OK(acm_runtime_cpu_capability(&name));
    EXPECT(!std::string(name).empty());
    EXPECT_REFUSED(acm_runtime_cpu_capability(nullptr), ACM_INVALID_ARGUMENT, "name is null");
}

TEST(threadCount) {
    int32_t before = 0, now = 0;
    EXPECT_OK(acm_runtime_thread_count(&before));
    EXPECT(before >= 1);
    EXPECT_OK(acm_runtime_set_thread_count(before + 1));
    EXPECT_OK(acm_runtime_thread_count(&now));
    EXPECT(now == before + 1);
    for (int32_t count : {0, -3})
        EXPECT_REFUSED(acm_runtime_set_thread_count(count), ACM_INVALID_ARGUMENT, "at least 1");
    EXPECT_OK(acm_runtime_thread_count(&now));
    EXPECT(now == before + 1);
    EXPECT_OK(acm_runtime_set_thread_count(before));
    EXPECT_REFUSED(acm_runtime_thread_count(nullptr), ACM_INVALID_ARGUMENT, "count is null");
}

TEST(aSeedRepeatsItsNumbers) {
    std::vector<int64_t> shape = {100};
    auto draw = [&](uint64_t seed) {
        EXPECT_OK(acm_runtime_seed(seed));
        return numbers(compute(find("aten::randn"), {value::integers(shape)}));
    };
    auto first = draw(7);
    EXPECT(draw(8) != first);
    EXPECT(draw(7) == first);
    EXPECT(draw(UINT64_MAX) != first);
    std::vector<float> elsewhere;
    std::thread([&] { elsewhere = draw(7); }).join();
    EXPECT(elsewhere == first);
}
