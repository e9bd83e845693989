// The energy that a device has taken.
#pragma once

#include <cstdint>
#include <string>

namespace acm {

/// Millijoules of the NVIDIA device at an address of the PCI bus, since its driver was loaded; Unavailable where
/// NVML is not there or does not tell.
int64_t deviceEnergy(const std::string &busAddress);

}  // namespace acm
