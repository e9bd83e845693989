// Runs beside the made-up NVML of the folder nvml.
#include "../runtime/energy.h"

#include "../runtime/boundary.h"
#include "check.h"

namespace {

/// The message that an energy is refused with.
std::string refusal(const std::string &busAddress) {
    try {
        acm::deviceEnergy(busAddress);
    } catch (const acm::Unavailable &error) {
        return error.what();
    }
    return "";
}

}  // namespace

TEST(theEnergyIsWhatNVMLTells) {
    int64_t before = acm::deviceEnergy("0000:19:00.0");
    EXPECT(before >= 5000000000);
    EXPECT(acm::deviceEnergy("0000:19:00.0") == before + 1500);
}

TEST(unknownDevicesAreRefusedInNVMLsWords) {
    EXPECT(refusal("0000:20:00.0") == "NVML's nvmlDeviceGetHandleByPciBusId_v2 says: Not Found");
}

TEST(theHostHasNone) {
    int64_t energy = 5;
    EXPECT_REFUSED(acm_device_energy(ACM_CPU, 0, &energy), ACM_UNAVAILABLE, "NVIDIA devices alone");
    EXPECT_REFUSED(acm_device_energy(ACM_CUDA, 127, &energy), ACM_UNAVAILABLE, "does not exist");
    EXPECT_REFUSED(acm_device_energy(ACM_CPU, 0, nullptr), ACM_INVALID_ARGUMENT, "millijoules is null");
    EXPECT(energy == 5);
}
