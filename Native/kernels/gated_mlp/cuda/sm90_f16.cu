#include "sm90_kernels.cuh"

namespace acm::gated_mlp::cuda::sm90 {

template <>
Kernel float16Kernel<true>(int columns, int sharing) {
    return findKernel<__half, true>(columns, sharing);
}
template <>
Kernel float16Kernel<false>(int columns, int sharing) {
    return findKernel<__half, false>(columns, sharing);
}

}  // namespace acm::gated_mlp::cuda::sm90
