#include "device.h"

#include <map>
#include <mutex>
#include <stdexcept>

namespace acm::gpu {

const Device &device(int index) {
    static std::mutex mutex;
    static std::map<int, Device> known;
    std::lock_guard lock(mutex);
    auto found = known.find(index);
    if (found != known.end()) return found->second;
    cudaDeviceProp properties;
    check(cudaGetDeviceProperties(&properties, index), "asking for the device's properties");
    Device device{properties.name, properties.major, properties.multiProcessorCount};
    return known.emplace(index, device).first->second;
}

void check(cudaError_t status, const char *what) {
    if (status == cudaSuccess) return;
    throw std::runtime_error(std::string("acm's kernels: ") + what + ": " + cudaGetErrorString(status));
}

}  // namespace acm::gpu
