#include "sm90_kernels.cuh"

namespace acm::gated_mlp::cuda::sm90 {

Kernel float16Kernel(bool first, int columns, int sharing, bool splits) {
    return findKernel<__half>(first, columns, sharing, splits);
}

}  // namespace acm::gated_mlp::cuda::sm90
