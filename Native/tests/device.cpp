#include "check.h"
#include "handles.h"

TEST(theProcessorIsOneDevice) {
    int32_t count = 0;
    EXPECT_OK(acm_device_count(ACM_CPU, &count));
    EXPECT(count == 1);
    char name[8] = "???????";
    EXPECT_OK(acm_device_name(ACM_CPU, 0, name, sizeof name));
    EXPECT(std::string(name) == "cpu");
    EXPECT_OK(acm_device_synchronize(ACM_CPU, 0));
}

TEST(aNameIsCutToItsCapacity) {
    char name[] = "???????";
    EXPECT_OK(acm_device_name(ACM_CPU, 0, name, 3));
    EXPECT(std::string(name, 4) == std::string("cp\0?", 4));
    EXPECT_OK(acm_device_name(ACM_CPU, 0, name, 1));
    EXPECT(std::string(name, 4) == std::string("\0p\0?", 4));
    EXPECT_REFUSED(acm_device_name(ACM_CPU, 0, name, 0), ACM_INVALID_ARGUMENT, "capacity");
    EXPECT_REFUSED(acm_device_name(ACM_CPU, 0, nullptr, 8), ACM_INVALID_ARGUMENT, "name is null");
}

TEST(hostMemoryIsNotCounted) {
    int64_t used = 5, reserved = 5, peak = 5;
    EXPECT_REFUSED(acm_device_memory(ACM_CPU, 0, &used, &reserved, &peak), ACM_UNAVAILABLE, "host");
    EXPECT_REFUSED(acm_device_reset_peak_memory(ACM_CPU, 0), ACM_UNAVAILABLE, "host memory");
    EXPECT(used == 5 && reserved == 5 && peak == 5);
    EXPECT_REFUSED(acm_device_memory(ACM_CPU, 0, nullptr, &reserved, &peak), ACM_INVALID_ARGUMENT,
                  "used is null");
    EXPECT_REFUSED(acm_device_memory(ACM_CPU, 0, &used, nullptr, &peak), ACM_INVALID_ARGUMENT,
                  "reserved is null");
    EXPECT_REFUSED(acm_device_memory(ACM_CPU, 0, &used, &reserved, nullptr), ACM_INVALID_ARGUMENT,
                  "peak is null");
}

TEST(unknownTypesAndIndicesAreRefused) {
    int32_t count = 5;
    EXPECT_REFUSED(acm_device_count(7, &count), ACM_INVALID_ARGUMENT, "unknown device type 7");
    EXPECT(count == 5);
    EXPECT_REFUSED(acm_device_count(ACM_CPU, nullptr), ACM_INVALID_ARGUMENT, "count is null");
    EXPECT_REFUSED(acm_device_synchronize(-1, 0), ACM_INVALID_ARGUMENT, "unknown device type -1");
    for (int32_t index : {-1, 128})
        EXPECT_REFUSED(acm_device_synchronize(ACM_CUDA, index), ACM_INVALID_ARGUMENT,
                      "device index " + std::to_string(index));
    EXPECT_REFUSED(acm_device_synchronize(ACM_CPU, 1), ACM_UNAVAILABLE, "cpu:1 does not exist");
}

TEST(absentDevicesAreUnavailable) {
    int32_t count = -1;
    EXPECT_OK(acm_device_count(ACM_CUDA, &count));
    EXPECT(count >= 0);
    int32_t absent = count;
    char name[8] = "?";
    int64_t bytes = 5;
    std::string expected = "cuda:" + std::to_string(absent) + " does not exist; found " +
                           std::to_string(count);
    EXPECT_REFUSED(acm_device_name(ACM_CUDA, absent, name, 8), ACM_UNAVAILABLE, expected);
    EXPECT_REFUSED(acm_device_synchronize(ACM_CUDA, absent), ACM_UNAVAILABLE, expected);
    EXPECT_REFUSED(acm_device_memory(ACM_CUDA, absent, &bytes, &bytes, &bytes), ACM_UNAVAILABLE,
                  expected);
    EXPECT_REFUSED(acm_device_reset_peak_memory(ACM_CUDA, absent), ACM_UNAVAILABLE, expected);
    EXPECT(name[0] == '?' && bytes == 5);
}

TEST(presentDevicesAreDescribed) {
    int32_t count = 0;
    EXPECT_OK(acm_device_count(ACM_CUDA, &count));
    for (int32_t index = 0; index < count; ++index) {
        char name[256] = "";
        EXPECT_OK(acm_device_name(ACM_CUDA, index, name, sizeof name));
        EXPECT(!std::string(name).empty());
        int64_t used = -1, reserved = -1, peak = -1;
        EXPECT_OK(acm_device_reset_peak_memory(ACM_CUDA, index));
        EXPECT_OK(acm_device_memory(ACM_CUDA, index, &used, &reserved, &peak));
        EXPECT(used >= 0 && reserved >= used && peak >= used);
        EXPECT_OK(acm_device_synchronize(ACM_CUDA, index));
    }
}
