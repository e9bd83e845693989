// What the kernels of acm::gate_choice and acm::add_layer_norm_choose share: the gate of 16 tokens.
//
// The warps of a block divide the channels of the first product and add up their sums in shared memory. One of
// them then runs the two small layers, in which the results of each product are, lane by lane, the left
// operand of the next; what these layers need is on its way to shared memory while the first one is computed.
// Every layer's results are rounded to the type, before gelu and after it, as libtorch's operators round them.
//
// The operands of the first product are read as they lie: a product sums over the channels in any order, so long
// as it is the same on both sides. A lane reads 8 neighbouring channels, which stand for those that the
// fragments of two products want of it.
#pragma once

#include "../../cuda/dependent_launch.cuh"
#include "../../cuda/mma.cuh"
#include "../../cuda/pair.cuh"
#include "launch.h"

namespace acm::gate::cuda {

namespace {

using gpu::multiplyAdd;
using gpu::Pair;

constexpr int rows = 16;  // tokens of a block

/// 16 bytes, or zeros if not `valid`. No branch, so that the loads of a batch stay together. `once`: not kept
/// in the L1 cache, which is left to the weights.
template <bool once>
__device__ __forceinline__ uint4 load(const void *pointer, bool valid) {
    uint4 v = make_uint4(0, 0, 0, 0);
    if constexpr (once)
        asm volatile(
            "{\n.reg .pred valid;\nsetp.ne.b32 valid, %5, 0;\n"
            "@valid ld.global.L1::no_allocate.v4.u32 {%0, %1, %2, %3}, [%4];\n}"
            : "+r"(v.x), "+r"(v.y), "+r"(v.z), "+r"(v.w)
            : "l"(pointer), "r"(static_cast<int>(valid)));
    else
        asm volatile(
            "{\n.reg .pred valid;\nsetp.ne.b32 valid, %5, 0;\n"
            "@valid ld.global.v4.u32 {%0, %1, %2, %3}, [%4];\n}"
            : "+r"(v.x), "+r"(v.y), "+r"(v.z), "+r"(v.w)
            : "l"(pointer), "r"(static_cast<int>(valid)));
    return v;
}

template <typename T>
__device__ __forceinline__ float2 rounded(float x, float y) {
    return Pair<T>::unpack(Pair<T>::pack(x, y));
}

__device__ __forceinline__ float gelu(float x) { return x * 0.5f * (1.0f + erff(x * 0.70710678118654752f)); }

/// gelu of sums [16, 8] with their biases added, as half of a left operand. Of a lane's sums two are of
/// row lane / 4 and two of the row 8 below, in columns 2 (lane % 4) + {0, 1}; b: the biases of those.
template <typename T>
__device__ __forceinline__ void activate(const float (&sums)[4], const T *b, uint32_t (&results)[2]) {
#pragma unroll
    for (int half = 0; half < 2; ++half) {
        float2 x = rounded<T>(sums[2 * half] + float(b[0]), sums[2 * half + 1] + float(b[1]));
        results[half] = Pair<T>::pack(gelu(x.x), gelu(x.y));
    }
}

/// sums [16, 8] += left [16, width] · rows[0 ... 7]ᵀ; weights: of the lane's row and pair of columns.
template <typename T, int width>
__device__ __forceinline__ void addLayer(float (&sums)[4], const uint32_t (&left)[width / 8][2],
                                         const T *weights, bool valid) {
#pragma unroll
    for (int step = 0; step < width / 16; ++step) {
        const uint32_t a[4] = {left[2 * step][0], left[2 * step][1], left[2 * step + 1][0], left[2 * step + 1][1]};
        auto at = [&](int column) {
            return valid ? *reinterpret_cast<const uint32_t *>(weights + 16 * step + column) : 0u;
        };
        multiplyAdd<T>(sums, a, at(0), at(8));
    }
}

/// sums [16, width] += left · rightᵀ over the lane's 8 channels and those of its neighbours. left: of rows
/// lane / 4 and 8 below; right: of rows lane / 4 + {0, 8, …}.
template <typename T, int blocks>
__device__ __forceinline__ void addStep(float (&sums)[blocks][4], const uint4 (&left)[2],
                                        const uint4 (&right)[blocks]) {
    const uint32_t low[4] = {left[0].x, left[1].x, left[0].y, left[1].y};
    const uint32_t high[4] = {left[0].z, left[1].z, left[0].w, left[1].w};
#pragma unroll
    for (int j = 0; j < blocks; ++j) {
        multiplyAdd<T>(sums[j], low, right[j].x, right[j].y);
        multiplyAdd<T>(sums[j], high, right[j].z, right[j].w);
    }
}

/// What the small layers need, in shared memory.
template <typename T, int width>
struct alignas(16) Small {
    T w2[width * width], w3[(mostChoices + 7) / 8 * 8 * width], b1[width], b2[width];
    T b3[mostChoices + 1];
    float term[mostChoices];
};

/// `size` bytes to shared memory by all threads, `each` at a time; complete after waitForCopies and a barrier.
template <int threads, int each>
__device__ __forceinline__ void copy(void *target, const void *source, int size) {
#pragma unroll 1
    for (int at = threadIdx.x * each; at < size; at += threads * each)
        asm volatile("cp.async.ca.shared.global [%0], [%1], %2, %3;" ::"r"(static_cast<unsigned>(
                         __cvta_generic_to_shared(static_cast<char *>(target) + at))),
                     "l"(static_cast<const char *>(source) + at), "n"(each), "r"(min(each, size - at))
                     : "memory");
}
/// What the small layers need, on its way.
template <int threads, typename T, int width>
__device__ __forceinline__ void copyLayers(Small<T, width> &small, const Gate &gate) {
    constexpr int size = sizeof(T);
    copy<threads, 16>(small.w2, gate.w2, width * width * size);
    copy<threads, 16>(small.w3, gate.w3, gate.choices * width * size);
    copy<threads, 16>(small.b1, gate.b1, width * size);
    copy<threads, 16>(small.b2, gate.b2, width * size);
    copy<threads, 4>(small.b3, gate.b3, gate.choices * size);
    if (gate.term) copy<threads, 4>(small.term, gate.term, gate.choices * 4);
}
__device__ __forceinline__ void waitForCopies() { asm volatile("cp.async.wait_all;" ::: "memory"); }

/// The order of libtorch's argmax: a number that is none is the largest, and of equals the first.
__device__ __forceinline__ bool isBetter(float a, int i, float b, int j) {
    if (a != a) return b == b || i < j;
    return a == b ? i < j : a > b;
}

/// The choices of a block's tokens from each warp's sums of the first product, of the block's rows as addStep
/// gives them. All threads call it once, after copyLayers().
template <typename T, int width, int warps>
__device__ __forceinline__ void decide(float (&sums)[width / 8][4], float (&parts)[warps - 1][width / 2][32],
                                       const Small<T, width> &small, const Gate &gate) {
    constexpr int blocks = width / 8;
    const int lane = threadIdx.x % 32, warp = threadIdx.x / 32;
    const int row = lane / 4, quad = lane % 4;
    const int token = blockIdx.x * rows + row;
    waitForCopies();
    if (warp > 0) {
#pragma unroll
        for (int i = 0; i < blocks * 4; ++i) parts[warp - 1][i][lane] = sums[i / 4][i % 4];
    }
    __syncthreads();
    if (warp > 0) return;
#pragma unroll
    for (int other = 0; other < warps - 1; ++other) {
#pragma unroll
        for (int i = 0; i < blocks * 4; ++i) sums[i / 4][i % 4] += parts[other][i][lane];
    }

    uint32_t first[blocks][2], second[blocks][2];
#pragma unroll
    for (int j = 0; j < blocks; ++j)
        activate<T>(sums[j], small.b1 + 8 * j + 2 * quad, first[j]);
#pragma unroll
    for (int j = 0; j < blocks; ++j) {
        float products[4] = {};
        addLayer<T, width>(products, first, small.w2 + (8 * j + row) * width + 2 * quad, true);
        activate<T>(products, small.b2 + 8 * j + 2 * quad, second[j]);
    }
    float best[2];
    int choice[2] = {mostChoices, mostChoices};  // none yet
    for (int start = 0; start < gate.choices; start += 8) {
        float products[4] = {};
        addLayer<T, width>(products, second, small.w3 + (start + row) * width + 2 * quad,
                           start + row < gate.choices);
#pragma unroll
        for (int column = 0; column < 2; ++column) {
            const int n = start + 2 * quad + column;
            if (n >= gate.choices) continue;
            const float bias = small.b3[n];
            float2 logits = rounded<T>(products[column] + bias, products[2 + column] + bias);
#pragma unroll
            for (int half = 0; half < 2; ++half) {
                float logit = (half == 0 ? logits.x : logits.y) + gate.offsets[n];
                if (gate.term) logit += small.term[n];
                if (choice[half] != mostChoices && !isBetter(logit, n, best[half], choice[half])) continue;
                best[half] = logit;
                choice[half] = n;
            }
        }
    }
#pragma unroll
    for (int half = 0; half < 2; ++half) {
#pragma unroll
        for (int step = 1; step < 4; step *= 2) {
            float other = __shfl_xor_sync(~0u, best[half], step);
            int place = __shfl_xor_sync(~0u, choice[half], step);
            bool takesOther = place != mostChoices &&
                              (choice[half] == mostChoices || isBetter(other, place, best[half], choice[half]));
            if (takesOther) best[half] = other, choice[half] = place;
        }
        if (quad == 0 && token + 8 * half < gate.tokens) gate.choice[token + 8 * half] = gate.minimum + choice[half];
    }
}

/// `mayStartEarly`: before the kernel ahead of it has ended.
void launch(const void *kernel, int blocks, int threads, int sharedBytes, const void *call, bool mayStartEarly,
            cudaStream_t stream) {
    cudaLaunchAttribute attribute;
    attribute.id = cudaLaunchAttributeProgrammaticStreamSerialization;
    attribute.val.programmaticStreamSerializationAllowed = 1;
    cudaLaunchConfig_t launch = {};
    launch.gridDim = dim3(blocks);
    launch.blockDim = dim3(threads);
    launch.dynamicSmemBytes = sharedBytes;
    launch.stream = stream;
    launch.attrs = &attribute;
    launch.numAttrs = mayStartEarly ? 1 : 0;
    void *arguments[] = {const_cast<void *>(call)};
    gpu::check(cudaLaunchKernelExC(&launch, kernel, arguments), "launching a kernel of the gate");
}

}  // namespace

}  // namespace acm::gate::cuda
