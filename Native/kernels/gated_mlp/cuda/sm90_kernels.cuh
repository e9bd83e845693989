// The shapes of tiles that the Hopper kernels are compiled for.
#pragma once

#include "sm90_kernel.cuh"

namespace acm::gated_mlp::cuda::sm90 {

template <typename T, bool first, int columns, int sharing>
Kernel kernelOf() {
    return {reinterpret_cast<const void *>(&multiply<T, first, columns, sharing>),
            Layout<first, columns, sharing>::bytes, threads, tileRows, columns / sharing};
}

template <typename T, bool first>
Kernel findKernel(int columns, int sharing) {
    if (sharing == 2) {
        if (columns == 256) return kernelOf<T, first, 256, 2>();
        if (columns == 192) return kernelOf<T, first, 192, 2>();
    } else if (sharing == 1) {
        if (columns == 192) return kernelOf<T, first, 192, 1>();
        if (columns == 128) return kernelOf<T, first, 128, 1>();
        if (columns == 64) return kernelOf<T, first, 64, 1>();
    }
    return {};
}

}  // namespace acm::gated_mlp::cuda::sm90
