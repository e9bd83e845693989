// Two 16-bit elements in a register, and as float32.
#pragma once

#include <cuda_bf16.h>
#include <cuda_fp16.h>

#include <cstdint>

namespace acm::gpu {

template <typename T>
struct Pair;
template <>
struct Pair<__nv_bfloat16> {
    static __device__ __forceinline__ uint32_t pack(float low, float high) {
        __nv_bfloat162 pair = __floats2bfloat162_rn(low, high);
        return *reinterpret_cast<uint32_t *>(&pair);
    }
    static __device__ __forceinline__ float2 unpack(uint32_t bits) {
        return __bfloat1622float2(*reinterpret_cast<__nv_bfloat162 *>(&bits));
    }
};
template <>
struct Pair<__half> {
    static __device__ __forceinline__ uint32_t pack(float low, float high) {
        __half2 pair = __floats2half2_rn(low, high);
        return *reinterpret_cast<uint32_t *>(&pair);
    }
    static __device__ __forceinline__ float2 unpack(uint32_t bits) {
        return __half22float2(*reinterpret_cast<__half2 *>(&bits));
    }
};

}  // namespace acm::gpu
