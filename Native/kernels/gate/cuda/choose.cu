// acm::gate_choice for Ampere and later: one pass over the tokens, by mma.sync. See gate.cuh.
#include "gate.cuh"

namespace acm::gate::cuda {

namespace {

constexpr int warps = 4, threads = 32 * warps;
constexpr int apart = 32 * warps;  // channels from one of a warp to its next

/// Of 4 blocks that run together each may have enough registers for the rows that are under way; with fewer,
/// the compiler would put each load behind the products of the one before.
template <typename T, int width>
__global__ __launch_bounds__(threads, 4) void chooseKernel(const __grid_constant__ Call call) {
    constexpr int blocks = width / 8;
    constexpr int batch = width <= 32 ? 6 : 3;  // of a row's 16 bytes a lane that are under way together
    __shared__ float parts[warps - 1][blocks * 4][32];
    __shared__ Small<T, width> small;
    const int lane = threadIdx.x % 32, warp = threadIdx.x / 32;
    const int row = lane / 4, quad = lane % 4;
    const Gate &gate = call.gate;
    gpu::allowNextKernel();
    gpu::waitForPreviousKernel();

    const int token = blockIdx.x * rows + row;
    const T *inputs[2];  // rows past the last repeat it
#pragma unroll
    for (int half = 0; half < 2; ++half)
        inputs[half] = static_cast<const T *>(call.input) + min(token + 8 * half, gate.tokens - 1) * call.inputStride;
    const T *w1 = static_cast<const T *>(gate.w1) + int64_t{row} * gate.channels;
    float sums[blocks][4] = {};
    int base = 32 * warp + 8 * quad;
    do {  // at least once, for the copies
        uint4 left[batch][2];
#pragma unroll
        for (int i = 0; i < batch; ++i) {
#pragma unroll
            for (int half = 0; half < 2; ++half)
                left[i][half] = load<true>(inputs[half] + base + i * apart, base + i * apart < gate.channels);
        }
        if (base < apart) copyLayers<threads>(small, gate);
#pragma unroll
        for (int i = 0; i < batch; ++i) {
            uint4 right[blocks];
            const int channel = base + i * apart;
#pragma unroll
            for (int j = 0; j < blocks; ++j)
                right[j] = load<false>(w1 + int64_t{8 * j} * gate.channels + channel, channel < gate.channels);
            addStep<T>(sums, left[i], right);
        }
        base += batch * apart;
    } while (base - 8 * quad < gate.channels);
    decide<T, width, warps>(sums, parts, small, gate);
}

template <typename T>
const void *kernelFor(int width) {
    if (width == 16) return reinterpret_cast<const void *>(&chooseKernel<T, 16>);
    if (width == 32) return reinterpret_cast<const void *>(&chooseKernel<T, 32>);
    return reinterpret_cast<const void *>(&chooseKernel<T, 64>);
}

}  // namespace

bool takes(int64_t channels, int64_t width, int64_t choices) {
    return channels >= 8 && channels % 8 == 0 && (width == 16 || width == 32 || width == 64) &&
           choices <= mostChoices;
}

void choose(const Call &call, Type type, int width, bool mayStartEarly, cudaStream_t stream) {
    auto kernel = type == Type::bfloat16 ? kernelFor<__nv_bfloat16>(width) : kernelFor<__half>(width);
    launch(kernel, (call.gate.tokens + rows - 1) / rows, threads, /*sharedBytes=*/0, &call, mayStartEarly, stream);
}

}  // namespace acm::gate::cuda
