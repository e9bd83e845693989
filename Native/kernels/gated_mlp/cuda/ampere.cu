// Both products of acm::gated_mlp by mma.sync, for Ampere and later, and for what the Hopper
// kernels do not take. Rows are the tokens in descending order of choice:
//
//     first:   H[row, c] = activation(input[token(row)] · w1[c] + b1[c])  if c < choice(row) width,
//                          0 otherwise; only in tiles in which some row has such a c
//     second:  output[token(row)] = bias + H[row, :depth] · w2[:, :depth]ᵀ, where depth is that of
//                          the tile's first row
//
// A block computes 128 x 128 results with 8 warps, each 64 x 32, from stages of 64 bytes of depth
// that cp.async keeps ahead; the grid is that of the dense layers, and blocks without work leave.
// Rows of a stage are 64 bytes; chunk c of row r lies at c ^ (r / 2 % 4), so that the eight rows
// that ldmatrix reads at once take all banks. float32 is multiplied as TF32.
#include <algorithm>
#include <map>
#include <mutex>
#include <type_traits>

#include "../../cuda/mma.cuh"
#include "activation.cuh"
#include "launch.h"
#include "staircase.cuh"

namespace acm::gated_mlp::cuda {

namespace {

using gpu::multiplyAdd;

constexpr int tileRows = 128, tileColumns = 128;
constexpr int threads = 256;
constexpr int rowBytes = 64;  // of a stage
constexpr int stages = 4;
constexpr int operandBytes = 128 * rowBytes, stageBytes = 2 * operandBytes;
constexpr int sharedBytes = stages * stageBytes;

struct Parameters {
    const void *left;  // input, or H
    int64_t leftStride;
    const void *weights;
    int64_t weightStride;
    const void *bias;
    void *output;
    int64_t outputStride;
    Order order;
    int rows, columns, depth;  // the first product's depth; the second's is at most this
    int learners, learnerWidth;
    Activation activation;
};

__device__ __forceinline__ void copy16(uint32_t target, const void *source, bool valid) {
    asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(target), "l"(source),
                 "r"(valid ? 16 : 0)
                 : "memory");
}

__device__ __forceinline__ void loadMatrices(uint32_t (&v)[4], uint32_t address) {
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];"
                 : "=r"(v[0]), "=r"(v[1]), "=r"(v[2]), "=r"(v[3])
                 : "r"(address)
                 : "memory");
}

__device__ __forceinline__ uint32_t roundToTF32(uint32_t bits) {
    uint32_t rounded;
    asm("cvt.rna.tf32.f32 %0, %1;" : "=r"(rounded) : "f"(__uint_as_float(bits)));
    return rounded;
}

template <typename T>
__device__ __forceinline__ void storePair(T *target, float x, float y) {
    if constexpr (std::is_same_v<T, __nv_bfloat16>)
        *reinterpret_cast<__nv_bfloat162 *>(target) = __floats2bfloat162_rn(x, y);
    else if constexpr (std::is_same_v<T, __half>)
        *reinterpret_cast<__half2 *>(target) = __floats2half2_rn(x, y);
    else
        *reinterpret_cast<float2 *>(target) = make_float2(x, y);
}

template <typename T, bool first>
__global__ __launch_bounds__(threads, 2) void multiply(const Parameters parameters) {
    constexpr int perChunk = 16 / sizeof(T), perStage = rowBytes / sizeof(T);
    extern __shared__ __align__(128) uint8_t shared[];
    const uint32_t base = static_cast<uint32_t>(__cvta_generic_to_shared(shared));
    const int lane = threadIdx.x % 32, warp = threadIdx.x / 32;
    const int row0 = blockIdx.y * tileRows, column0 = blockIdx.x * tileColumns;

    const int deepest = choiceAt(parameters.order.atLeast, parameters.learners, row0) * parameters.learnerWidth;
    if (first && column0 >= deepest) return;
    const int depth = first ? parameters.depth : deepest;
    const int steps = ceilDivide(depth, perStage);

    // Each thread copies one 16-byte chunk of every 64th row of both operands.
    const int chunk = threadIdx.x % 4, copied = threadIdx.x / 4;
    const uint8_t *left[2], *right[2];
    bool leftValid[2], rightValid[2];
#pragma unroll
    for (int i = 0; i < 2; ++i) {
        int row = row0 + copied + 64 * i, column = column0 + copied + 64 * i;
        leftValid[i] = row < parameters.rows;
        rightValid[i] = column < parameters.columns;
        int64_t from = !leftValid[i] ? 0 : first ? parameters.order.tokens[row] : row;
        int64_t of = rightValid[i] ? column : 0;
        constexpr int64_t size = sizeof(T);
        left[i] = static_cast<const uint8_t *>(parameters.left) + from * parameters.leftStride * size + chunk * 16;
        right[i] = static_cast<const uint8_t *>(parameters.weights) + of * parameters.weightStride * size + chunk * 16;
    }
    const uint32_t target = base + copied * rowBytes + (chunk ^ (copied / 2 % 4)) * 16;
    auto fetch = [&](int step) {
        if (step < steps) {
            uint32_t stage = target + step % stages * stageBytes;
            bool within = step * perStage + chunk * perChunk < depth;
#pragma unroll
            for (int i = 0; i < 2; ++i) {
                copy16(stage + i * 64 * rowBytes, left[i] + int64_t{step} * rowBytes, within && leftValid[i]);
                copy16(stage + operandBytes + i * 64 * rowBytes, right[i] + int64_t{step} * rowBytes,
                       within && rightValid[i]);
            }
        }
        asm volatile("cp.async.commit_group;" ::: "memory");
    };

    float sums[4][4][4] = {};  // 16-row blocks, 8-column blocks
    const int warpRow = warp / 4 * 64, warpColumn = warp % 4 * 32;
    for (int step = 0; step < stages - 1; ++step) fetch(step);
    for (int step = 0; step < steps; ++step) {
        asm volatile("cp.async.wait_group %0;" ::"n"(stages - 2) : "memory");
        __syncthreads();
        fetch(step + stages - 1);
        uint32_t stage = base + step % stages * stageBytes;
#pragma unroll
        for (int k = 0; k < 2; ++k) {
            uint32_t a[4][4], b[2][4];
#pragma unroll
            for (int i = 0; i < 4; ++i) {  // 8-row halves, then the next 16 bytes
                int row = warpRow + i * 16 + lane % 16, at = 2 * k + lane / 16;
                loadMatrices(a[i], stage + row * rowBytes + (at ^ (row / 2 % 4)) * 16);
            }
#pragma unroll
            for (int j = 0; j < 2; ++j) {  // both 16 bytes of 8 rows, then of the next 8
                int row = warpColumn + j * 16 + lane / 16 * 8 + lane % 8, at = 2 * k + lane / 8 % 2;
                loadMatrices(b[j], stage + operandBytes + row * rowBytes + (at ^ (row / 2 % 4)) * 16);
            }
            if constexpr (std::is_same_v<T, float>) {
#pragma unroll
                for (int r = 0; r < 4; ++r) {
#pragma unroll
                    for (int i = 0; i < 4; ++i) a[i][r] = roundToTF32(a[i][r]);
#pragma unroll
                    for (int j = 0; j < 2; ++j) b[j][r] = roundToTF32(b[j][r]);
                }
            }
#pragma unroll
            for (int i = 0; i < 4; ++i)
#pragma unroll
                for (int j = 0; j < 4; ++j)
                    multiplyAdd<T>(sums[i][j], a[i], b[j / 2][j % 2 * 2], b[j / 2][j % 2 * 2 + 1]);
        }
    }
    asm volatile("cp.async.wait_all;" ::: "memory");

    T *rows[4][2];
    int ends[4][2];
#pragma unroll
    for (int i = 0; i < 4; ++i)
#pragma unroll
        for (int half = 0; half < 2; ++half) {
            int row = row0 + warpRow + i * 16 + half * 8 + lane / 4;
            bool exists = row < parameters.rows;
            int to = !exists ? 0 : first ? row : parameters.order.tokens[row];
            rows[i][half] = exists ? static_cast<T *>(parameters.output) + to * parameters.outputStride : nullptr;
            ends[i][half] = first ? choiceAt(parameters.order.atLeast, parameters.learners, row) *
                                        parameters.learnerWidth
                                  : parameters.columns;
        }
    auto write = [&](auto &&transform) {
#pragma unroll
        for (int j = 0; j < 4; ++j) {
            int column = column0 + warpColumn + j * 8 + lane % 4 * 2;
            if (column >= parameters.columns) continue;
            const T *bias = static_cast<const T *>(parameters.bias) + column;
            float low = static_cast<float>(bias[0]), high = static_cast<float>(bias[1]);
#pragma unroll
            for (int i = 0; i < 4; ++i)
#pragma unroll
                for (int half = 0; half < 2; ++half) {
                    bool runs = column < ends[i][half];
                    float x = runs ? transform(sums[i][j][2 * half] + low) : 0.0f;
                    float y = runs ? transform(sums[i][j][2 * half + 1] + high) : 0.0f;
                    if (rows[i][half]) storePair(rows[i][half] + column, x, y);
                }
        }
    };
    if constexpr (first)
        withActivation(parameters.activation, [&](auto constant) {
            constexpr Activation activation = decltype(constant)::value;
            write([](float x) { return activate<activation, std::is_same_v<T, __nv_bfloat16>>(x); });
        });
    else
        write([](float x) { return x; });
}

template <typename T, bool first>
void launch(const Call &call, const Parameters &parameters) {
    static std::mutex mutex;
    static std::map<int, bool> prepared;  // by device
    {
        std::lock_guard lock(mutex);
        if (!prepared[call.device]) {
            check(cudaFuncSetAttribute(multiply<T, first>, cudaFuncAttributeMaxDynamicSharedMemorySize,
                                       sharedBytes),
                  "raising the limit of shared memory");
            prepared[call.device] = true;
        }
    }
    dim3 grid((parameters.columns + tileColumns - 1) / tileColumns,
              (parameters.rows + tileRows - 1) / tileRows);
    multiply<T, first><<<grid, threads, sharedBytes, call.stream>>>(parameters);
    check(cudaGetLastError(), "launching a product");
}

template <typename T>
void products(const Call &call) {
    Parameters parameters = {};
    parameters.order = order(call);
    parameters.rows = static_cast<int>(call.tokens);
    parameters.learners = call.learners;
    parameters.learnerWidth = call.learnerWidth;
    parameters.activation = static_cast<Activation>(call.activation);
    parameters.left = call.input;
    parameters.leftStride = call.inputStride;
    parameters.weights = call.w1;
    parameters.weightStride = call.w1Stride;
    parameters.bias = call.b1;
    parameters.output = call.hiddenBuffer;
    parameters.outputStride = parameters.columns = call.hidden();
    parameters.depth = call.channels;
    launch<T, true>(call, parameters);

    parameters.left = call.hiddenBuffer;
    parameters.leftStride = parameters.depth = call.hidden();
    parameters.weights = call.w2;
    parameters.weightStride = call.w2Stride;
    parameters.bias = call.bias;
    parameters.output = call.output;
    parameters.outputStride = parameters.columns = call.outputs;
    launch<T, false>(call, parameters);
}

bool isAligned(const void *pointer) { return reinterpret_cast<uintptr_t>(pointer) % 16 == 0; }

}  // namespace

bool ampereTakes(const Call &call) {
    int multiple = call.type == Type::float32 ? 4 : 8;  // elements of 16 bytes
    for (int64_t size : {int64_t{call.channels}, int64_t{call.learnerWidth}, int64_t{call.outputs},
                         call.inputStride, call.w1Stride, call.w2Stride})
        if (size < multiple || size % multiple != 0) return false;
    // 65,535 blocks is the most that a grid has along y.
    return call.learners <= maximumLearners && call.tokens > 0 && call.tokens <= 65535 * tileRows &&
           isAligned(call.input) && isAligned(call.w1) && isAligned(call.w2);
}

void ampere(const Call &call) {
    sortByChoice(call);
    switch (call.type) {
        case Type::bfloat16: return products<__nv_bfloat16>(call);
        case Type::float16: return products<__half>(call);
        case Type::float32: return products<float>(call);
    }
}

}  // namespace acm::gated_mlp::cuda
