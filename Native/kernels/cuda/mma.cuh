// The matrix product of a warp, on Ampere and later.
#pragma once

#include <cuda_bf16.h>
#include <cuda_fp16.h>

#include <cstdint>
#include <type_traits>

namespace acm::gpu {

#define ACM_MMA(shape, type)                                                                  \
    asm volatile("mma.sync.aligned." shape ".row.col.f32." type "." type                      \
                 ".f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"       \
                 : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])                             \
                 : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1))

/// d [16, 8] += a [16, 32 bytes] · b [8, 32 bytes]ᵀ; float is multiplied as TF32.
template <typename T>
__device__ __forceinline__ void multiplyAdd(float (&d)[4], const uint32_t (&a)[4], uint32_t b0,
                                            uint32_t b1) {
    if constexpr (std::is_same_v<T, __nv_bfloat16>)
        ACM_MMA("m16n8k16", "bf16");
    else if constexpr (std::is_same_v<T, __half>)
        ACM_MMA("m16n8k16", "f16");
    else
        ACM_MMA("m16n8k8", "tf32");
}

#undef ACM_MMA

}  // namespace acm::gpu
