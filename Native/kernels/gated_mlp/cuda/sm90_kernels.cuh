// The shapes of tiles that the Hopper kernels are compiled for.
#pragma once

#include "sm90_kernel.cuh"

namespace acm::gated_mlp::cuda::sm90 {

template <typename T, bool first, int columns, int sharing, bool splits>
Kernel kernelOf() {
    return {reinterpret_cast<const void *>(&multiply<T, first, columns, sharing, splits>),
            Layout<first, columns, sharing, splits>::bytes, threads, tileRows, columns / sharing};
}

template <typename T>
Kernel findKernel(bool first, int columns, int sharing, bool splits) {
    auto is = [&](int tileColumns, int blocks) { return columns == tileColumns && sharing == blocks; };
    if (first) {
        if (splits) return {};
        if (is(256, 2)) return kernelOf<T, true, 256, 2, false>();
        if (is(192, 2)) return kernelOf<T, true, 192, 2, false>();
        if (is(192, 1)) return kernelOf<T, true, 192, 1, false>();
        if (is(128, 1)) return kernelOf<T, true, 128, 1, false>();
        if (is(64, 1)) return kernelOf<T, true, 64, 1, false>();
    } else if (splits) {
        if (is(192, 2)) return kernelOf<T, false, 192, 2, true>();
        if (is(192, 1)) return kernelOf<T, false, 192, 1, true>();
        if (is(128, 1)) return kernelOf<T, false, 128, 1, true>();
        if (is(64, 1)) return kernelOf<T, false, 64, 1, true>();
    } else {
        if (is(192, 2)) return kernelOf<T, false, 192, 2, false>();
        if (is(192, 1)) return kernelOf<T, false, 192, 1, false>();
        if (is(128, 1)) return kernelOf<T, false, 128, 1, false>();
        if (is(64, 1)) return kernelOf<T, false, 64, 1, false>();
    }
    return {};
}

}  // namespace acm::gated_mlp::cuda::sm90
