// acm::add_layer_norm and acm::add_layer_norm_choose for Ampere and later: one pass over the tokens.
//
// A warp takes two rows, and all that it reads of them is under way before it adds the first numbers. What a scale
// makes of the input is rounded before it is added, as by an operator of its own. The rounded sums stay in the warp's
// registers: their mean, then their variance about it, by shuffles. With a gate (gate.cuh) the block's warps also
// leave their normalised rows in shared memory, from which the first product reads them.
#include <map>
#include <mutex>

#include "gate.cuh"

namespace acm::gate::cuda {

namespace {

constexpr int each = 2;      // rows of a warp
constexpr int piece = 256;   // channels of a row that a warp reads at once, 8 a lane
constexpr int fewPieces = 3, mostPieces = 5;
constexpr int normWarps = 4, chooseWarps = rows / each;
static_assert(32 * chooseWarps == piece, "in each piece of a row every warp has 32 channels of the first product");

/// So many blocks run together that threads have registers for what is under way. width: of the gate, or 0.
constexpr int blocksAtOnce(int pieces, int width, int warps) {
    return (pieces == fewPieces && width <= 32 ? 24 : 16) / warps;
}

template <typename T>
__device__ __forceinline__ void unpack(const uint4 &v, float (&x)[8]) {
    const uint32_t words[4] = {v.x, v.y, v.z, v.w};
#pragma unroll
    for (int i = 0; i < 4; ++i) {
        const float2 pair = Pair<T>::unpack(words[i]);
        x[2 * i] = pair.x;
        x[2 * i + 1] = pair.y;
    }
}
template <typename T>
__device__ __forceinline__ uint4 pack(const float (&x)[8]) {
    return make_uint4(Pair<T>::pack(x[0], x[1]), Pair<T>::pack(x[2], x[3]), Pair<T>::pack(x[4], x[5]),
                      Pair<T>::pack(x[6], x[7]));
}

/// Each of the numbers summed over the warp.
__device__ __forceinline__ void addUp(float (&x)[each]) {
#pragma unroll
    for (int step = 16; step > 0; step /= 2) {
#pragma unroll
        for (int r = 0; r < each; ++r) x[r] += __shfl_xor_sync(~0u, x[r], step);
    }
}

/// By one warp: sum and norm of rows first, first + 1, …; `keep(row, channel, 8 numbers of the norm)` gets those of
/// rows past the last as well, which repeat it.
template <typename T, int pieces, typename Keep>
__device__ __forceinline__ void normalise(const NormCall &call, int first, const Keep &keep) {
    const int own = 8 * (threadIdx.x % 32);  // the lane's first channel of each piece
    auto isChannel = [&](int i) { return own + i * piece < call.channels; };
    uint4 values[each][pieces], residuals[each][pieces], factors[pieces];
#pragma unroll
    for (int r = 0; r < each; ++r) {
        const int64_t row = min(first + r, call.tokens - 1);
        const T *input = static_cast<const T *>(call.input) + row * call.inputStride + own;
        const T *residual = static_cast<const T *>(call.residual) + row * call.residualStride + own;
#pragma unroll
        for (int i = 0; i < pieces; ++i) {
            values[r][i] = load<true>(input + i * piece, isChannel(i));
            residuals[r][i] = load<true>(residual + i * piece, isChannel(i));
        }
    }
    if (call.scale) {
#pragma unroll
        for (int i = 0; i < pieces; ++i)
            factors[i] = load<false>(static_cast<const T *>(call.scale) + own + i * piece, isChannel(i));
    }
    auto store = [&](void *target, int r, int i, const uint4 &v) {
        const int64_t at = int64_t{first + r} * call.channels + own + i * piece;
        if (first + r < call.tokens) *reinterpret_cast<uint4 *>(static_cast<T *>(target) + at) = v;
    };
    const float share = 1.0f / call.channels;  // of a channel in the means
    float means[each] = {}, scales[each] = {};
#pragma unroll
    for (int i = 0; i < pieces; ++i) {
        if (!isChannel(i)) break;
#pragma unroll
        for (int r = 0; r < each; ++r) {
            float x[8], y[8];
            unpack<T>(values[r][i], x);
            unpack<T>(residuals[r][i], y);
            if (call.scale) {
                float factor[8];
                unpack<T>(factors[i], factor);
#pragma unroll
                for (int j = 0; j < 8; ++j) x[j] *= factor[j];
                unpack<T>(pack<T>(x), x);
            }
#pragma unroll
            for (int j = 0; j < 8; ++j) x[j] += y[j];
            values[r][i] = pack<T>(x);
            store(call.sum, r, i, values[r][i]);
            unpack<T>(values[r][i], x);
#pragma unroll
            for (int j = 0; j < 8; ++j) means[r] += x[j];
        }
    }
    uint4 weights[pieces], biases[pieces];  // on their way during the shuffles
#pragma unroll
    for (int i = 0; i < pieces; ++i) {
        weights[i] = load<false>(static_cast<const T *>(call.weight) + own + i * piece, isChannel(i));
        biases[i] = load<false>(static_cast<const T *>(call.bias) + own + i * piece, isChannel(i));
    }
    addUp(means);
#pragma unroll
    for (int r = 0; r < each; ++r) means[r] *= share;
#pragma unroll
    for (int i = 0; i < pieces; ++i) {
        if (!isChannel(i)) break;
#pragma unroll
        for (int r = 0; r < each; ++r) {
            float x[8];
            unpack<T>(values[r][i], x);
#pragma unroll
            for (int j = 0; j < 8; ++j) {
                const float distance = x[j] - means[r];
                scales[r] += distance * distance;
            }
        }
    }
    addUp(scales);
#pragma unroll
    for (int r = 0; r < each; ++r) scales[r] = rsqrtf(scales[r] * share + call.epsilon);
#pragma unroll
    for (int i = 0; i < pieces; ++i) {
        if (!isChannel(i)) break;
        float weight[8], bias[8];
        unpack<T>(weights[i], weight);
        unpack<T>(biases[i], bias);
#pragma unroll
        for (int r = 0; r < each; ++r) {
            float x[8];
            unpack<T>(values[r][i], x);
#pragma unroll
            for (int j = 0; j < 8; ++j) x[j] = (x[j] - means[r]) * scales[r] * weight[j] + bias[j];
            const uint4 normed = pack<T>(x);
            store(call.normed, r, i, normed);
            keep(r, own + i * piece, normed);
        }
    }
}

template <typename T, int pieces>
__global__ __launch_bounds__(32 * normWarps, blocksAtOnce(pieces, 0, normWarps)) void addNormKernel(
    const __grid_constant__ NormCall call) {
    gpu::allowNextKernel();
    gpu::waitForPreviousKernel();
    const int first = (blockIdx.x * normWarps + threadIdx.x / 32) * each;
    if (first < call.tokens) normalise<T, pieces>(call, first, [](int, int, const uint4 &) {});
}

/// What a block has in shared memory before its normalised rows.
template <typename T, int width>
struct Shared {
    float parts[chooseWarps - 1][width / 2][32];
    Small<T, width> small;
};

/// Bytes from one normalised row to the next: half a turn of the banks beyond whole ones, so that lanes that read
/// 64 bytes of each of two rows meet all banks.
__host__ __device__ constexpr int pitch(int channels) { return (2 * channels + 63) / 128 * 128 + 64; }

template <typename T, int pieces, int width>
__global__ __launch_bounds__(32 * chooseWarps, blocksAtOnce(pieces, width, chooseWarps)) void addNormChooseKernel(
    const __grid_constant__ NormChooseCall call) {
    constexpr int blocks = width / 8;
    constexpr int ahead = 12 / blocks < pieces ? 12 / blocks : pieces;  // pieces of w1 that are under way together
    extern __shared__ uint4 dynamicShared[];
    auto &shared = *reinterpret_cast<Shared<T, width> *>(dynamicShared);
    char *tile = reinterpret_cast<char *>(dynamicShared) + sizeof shared;
    const Gate &gate = call.gate;
    const int lane = threadIdx.x % 32, warp = threadIdx.x / 32;
    const int row = lane / 4, quad = lane % 4;
    gpu::allowNextKernel();
    gpu::waitForPreviousKernel();

    const int rowBytes = pitch(gate.channels), firstRow = warp * each;
    normalise<T, pieces>(call.norm, blockIdx.x * rows + firstRow, [&](int r, int channel, const uint4 &v) {
        *reinterpret_cast<uint4 *>(tile + (firstRow + r) * rowBytes + 2 * channel) = v;
    });
    copyLayers<32 * chooseWarps>(shared.small, gate);
    const int own = 32 * warp + 8 * quad;  // the lane's first channel of each piece
    auto isChannel = [&](int i) { return own + i * piece < gate.channels; };
    auto leftAt = [&](int r, int i) {
        const char *at = tile + r * rowBytes + 2 * (own + i * piece);
        return isChannel(i) ? *reinterpret_cast<const uint4 *>(at) : make_uint4(0, 0, 0, 0);
    };
    const T *w1 = static_cast<const T *>(gate.w1) + int64_t{row} * gate.channels + own;
    uint4 right[ahead][blocks];
    auto loadRight = [&](int i) {
#pragma unroll
        for (int j = 0; j < blocks; ++j)
            right[i % ahead][j] = load<false>(w1 + int64_t{8 * j} * gate.channels + i * piece, isChannel(i));
    };
#pragma unroll
    for (int i = 0; i < ahead; ++i) loadRight(i);
    __syncthreads();
    float sums[blocks][4] = {};
#pragma unroll
    for (int i = 0; i < pieces; ++i) {
        const uint4 left[2] = {leftAt(row, i), leftAt(row + 8, i)};
        addStep<T>(sums, left, right[i % ahead]);
        if (i + ahead < pieces) loadRight(i + ahead);
    }
    decide<T, width, chooseWarps>(sums, shared.parts, shared.small, gate);
}

struct Kernel {
    const void *function;
    int sharedBytes;  // before the normalised rows
};

template <typename T, int pieces, int width>
Kernel kernel() {
    return {reinterpret_cast<const void *>(&addNormChooseKernel<T, pieces, width>), sizeof(Shared<T, width>)};
}

template <typename T, int pieces>
Kernel kernelFor(int width) {
    return width == 16 ? kernel<T, pieces, 16>() : width == 32 ? kernel<T, pieces, 32>() : kernel<T, pieces, 64>();
}

template <typename T>
Kernel kernelFor(int channels, int width) {
    return channels <= fewPieces * piece ? kernelFor<T, fewPieces>(width) : kernelFor<T, mostPieces>(width);
}

template <typename T>
const void *normKernelFor(int channels) {
    return channels <= fewPieces * piece ? reinterpret_cast<const void *>(&addNormKernel<T, fewPieces>)
                                         : reinterpret_cast<const void *>(&addNormKernel<T, mostPieces>);
}

/// Lets blocks of the kernel have as much shared memory as they need for any rows, once for each device.
void raiseSharedLimit(const Kernel &kernel, int device) {
    static std::mutex mutex;
    static std::map<std::pair<const void *, int>, bool> raised;
    std::lock_guard lock(mutex);
    bool &isRaised = raised[{kernel.function, device}];
    if (isRaised) return;
    gpu::check(cudaFuncSetAttribute(kernel.function, cudaFuncAttributeMaxDynamicSharedMemorySize,
                                    kernel.sharedBytes + rows * pitch(mostPieces * piece)),
               "raising the limit of shared memory");
    isRaised = true;
}

}  // namespace

bool normalises(int64_t channels) { return channels >= 8 && channels % 8 == 0 && channels <= mostPieces * piece; }

void addNorm(const NormCall &call, Type type, bool mayStartEarly, cudaStream_t stream) {
    constexpr int blockRows = normWarps * each;
    auto kernel = type == Type::bfloat16 ? normKernelFor<__nv_bfloat16>(call.channels)
                                         : normKernelFor<__half>(call.channels);
    launch(kernel, (call.tokens + blockRows - 1) / blockRows, 32 * normWarps, /*sharedBytes=*/0, &call,
           mayStartEarly, stream);
}

void addNormChoose(const NormChooseCall &call, Type type, int width, int device, bool mayStartEarly,
                   cudaStream_t stream) {
    int channels = call.norm.channels;
    Kernel kernel = type == Type::bfloat16 ? kernelFor<__nv_bfloat16>(channels, width)
                                           : kernelFor<__half>(channels, width);
    raiseSharedLimit(kernel, device);
    launch(kernel.function, (call.norm.tokens + rows - 1) / rows, 32 * chooseWarps,
           kernel.sharedBytes + rows * pitch(channels), &call, mayStartEarly, stream);
}

}  // namespace acm::gate::cuda
