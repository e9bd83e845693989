#include "sm90_kernels.cuh"

namespace acm::gated_mlp::cuda::sm90 {

template <>
Kernel bfloat16Kernel<true>(int columns, int sharing) {
    return findKernel<__nv_bfloat16, true>(columns, sharing);
}
template <>
Kernel bfloat16Kernel<false>(int columns, int sharing) {
    return findKernel<__nv_bfloat16, false>(columns, sharing);
}

}  // namespace acm::gated_mlp::cuda::sm90
