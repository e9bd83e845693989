// What the host code of all CUDA kernels shares; no libtorch in it.
#pragma once

#include <cuda_runtime_api.h>

#include <string>

namespace acm::gpu {

struct Device {
    std::string name;
    int major, multiprocessors;  // major: of the compute capability
};

/// Of the device of this index; asked for once.
const Device &device(int index);

/// Throws std::runtime_error with `what` and CUDA's message.
void check(cudaError_t status, const char *what);

}  // namespace acm::gpu
