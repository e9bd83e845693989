// What a warp does with the sums of its 16 rows: bias, activation, the way to global memory.
//
// Nothing here waits for a load from global memory: such a load would queue behind the stores of
// all the other warps, while the tensor cores idle. What the results need is fetched before the
// products of the tile.
#pragma once

#include "../../cuda/pair.cuh"
#include "activation.cuh"
#include "sm90_tiles.cuh"

namespace acm::gated_mlp::cuda::sm90 {

using gpu::Pair;

/// Of a condition that is the same in the whole warp, which the compiler cannot know: it would
/// expect a diverged warp from there on, and break the code up at every shuffle.
__device__ __forceinline__ bool inWarp(bool condition) { return __any_sync(~0u, condition); }

/// The bias of a tile's columns, spread over the lanes of a warp.
template <typename T, int columns>
struct TileBias {
    // Lane l holds columns 8 g + 2 (l % 4) + {0, 1} of the groups g = each (l / 4) + {0 ... each - 1}.
    static constexpr int each = columns / 64;
    uint32_t pairs[each];

    __device__ __forceinline__ void fetch(const void *bias, int column, int end) {
        int lane = threadIdx.x % 32;
#pragma unroll
        for (int i = 0; i < each; ++i) {
            int at = column + (lane / 4 * each + i) * 8 + lane % 4 * 2;
            pairs[i] = at < end ? loadConstant(static_cast<const T *>(bias) + at) : 0;
        }
    }
    /// Of the lane's columns of a group, as product() gives it sums of them.
    __device__ __forceinline__ float2 of(int group) const {
        return Pair<T>::unpack(
            __shfl_sync(~0u, pairs[group % each], group / each * 4 + threadIdx.x % 4));
    }
};

/// Rows of the first product go to consecutive rows of H, by the copy engine.
template <typename T, int columns>
struct HiddenWriter {
    uint32_t staging;
    TileBias<T, columns> bias;
    int row, column, ends[2];  // ends: the first columns of rows lane / 4 + {0, 8} that are zero
    int end;                   // the least of them in the warp

    __device__ __forceinline__ void prepare(const Parameters &parameters, const int *atLeast,
                                            int tileRow, int tileColumn) {
        row = tileRow;
        column = tileColumn;
        bias.fetch(parameters.bias, column, parameters.columns);
        int most = choiceInWarp(atLeast, parameters.learners, row);
        int least = choiceInWarp(atLeast, parameters.learners, row + 15);
        end = ends[0] = ends[1] = least * parameters.learnerWidth;
        if (inWarp(most == least)) return;
#pragma unroll
        for (int i = 0; i < 2; ++i)
            ends[i] = choiceAt(atLeast, parameters.learners, row + threadIdx.x % 32 / 4 + 8 * i) *
                      parameters.learnerWidth;
    }

    template <Activation activation>
    __device__ __forceinline__ void write(const Parameters &parameters, const CUtensorMap *map,
                                          const float (&sums)[columns / 2]) {
        constexpr bool fast = std::is_same_v<T, __nv_bfloat16>;
        int lane = threadIdx.x % 32;
#pragma unroll
        for (int part = 0; part < columns / 64; ++part) {
            int start = column + part * 64;
            if (inWarp(start >= parameters.columns)) break;
            uint32_t packed[16];  // rows lane / 4 and + 8 of each group of 8 columns
#pragma unroll
            for (int group = 0; group < 8; ++group) {
                const float *four = sums + part * 32 + group * 4;
                float2 added = bias.of(part * 8 + group);
                packed[2 * group] = Pair<T>::pack(activate<activation, fast>(four[0] + added.x),
                                                  activate<activation, fast>(four[1] + added.y));
                packed[2 * group + 1] = Pair<T>::pack(activate<activation, fast>(four[2] + added.x),
                                                      activate<activation, fast>(four[3] + added.y));
            }
            if (inWarp(start + 64 > end)) {
#pragma unroll
                for (int i = 0; i < 16; ++i)
                    if (start + i / 2 * 8 >= ends[i % 2]) packed[i] = 0;
            }
            waitForReads<0>();  // of the store before, which went on while these were made
            __syncwarp();
#pragma unroll
            for (int pair = 0; pair < 4; ++pair) {
                uint32_t chunk = (2 * pair + lane / 16) ^ (lane & 7);
                storeMatrices(staging + lane % 16 * rowBytes + chunk * 16, packed[4 * pair],
                              packed[4 * pair + 1], packed[4 * pair + 2], packed[4 * pair + 3]);
            }
            fenceAsyncProxy();
            __syncwarp();
            storeBox(map, staging, start, row, lane == 0 && row < parameters.rows);
        }
    }
};

/// Rows of the second product go to their tokens' places: through shared memory, so that eight
/// lanes write 128 consecutive bytes.
template <typename T, int columns>
struct OutputWriter {
    uint32_t staging;
    TileBias<T, columns> bias;
    int column, tokens[4];  // of rows 4 i + lane / 8; negative: no such row

    __device__ __forceinline__ void prepare(const Parameters &parameters, int row, int tileColumn) {
        column = tileColumn;
        bias.fetch(parameters.bias, column, parameters.columns);
#pragma unroll
        for (int i = 0; i < 4; ++i) {
            int at = row + 4 * i + threadIdx.x % 32 / 8;
            tokens[i] = at < parameters.rows ? loadOrder(parameters.order + at) : -1;
        }
    }

    __device__ __forceinline__ void write(const Parameters &parameters, const float (&sums)[columns / 2]) {
        int lane = threadIdx.x % 32;
#pragma unroll
        for (int part = 0; part < columns / 64; ++part) {
            int start = column + part * 64;
            if (inWarp(start >= parameters.columns)) break;
#pragma unroll
            for (int pair = 0; pair < 4; ++pair) {
                uint32_t packed[4];
#pragma unroll
                for (int i = 0; i < 2; ++i) {
                    int group = 2 * pair + i;
                    const float *four = sums + part * 32 + group * 4;
                    float2 added = bias.of(part * 8 + group);
                    packed[2 * i] = Pair<T>::pack(four[0] + added.x, four[1] + added.y);
                    packed[2 * i + 1] = Pair<T>::pack(four[2] + added.x, four[3] + added.y);
                }
                uint32_t chunk = (2 * pair + lane / 16) ^ (lane & 7);
                storeMatrices(staging + lane % 16 * rowBytes + chunk * 16, packed[0], packed[1],
                              packed[2], packed[3]);
            }
            __syncwarp();
            int at = start + lane % 8 * 8;
            uint4 values[4];
#pragma unroll
            for (int i = 0; i < 4; ++i) {
                int from = 4 * i + lane / 8;
                values[i] = loadShared(staging + from * rowBytes + ((lane % 8) ^ (from & 7)) * 16);
            }
#pragma unroll
            for (int i = 0; i < 4; ++i)
                if (tokens[i] >= 0 && at < parameters.columns)
                    *reinterpret_cast<uint4 *>(static_cast<T *>(parameters.output) +
                                               tokens[i] * parameters.outputStride + at) = values[i];
            __syncwarp();
        }
    }
};

/// Where blocks split the depth of a tile: each adds the sums of all for its share of the rows, in the
/// order of the blocks. The warps that have the same rows send each other their sums, and wait for no
/// other warp.
template <typename T, int columns>
struct PartsWriter {
    static constexpr int stride = Layout<false, columns, 1, true>::partStride;
    uint32_t parts;  // what the warp is sent: rows of block 0, rows of block 1, ...
    uint4 bias;      // lane l: of columns 8 l ... 8 l + 7
    int token;       // of row lane % 16; negative: no such row
    int column;

    __device__ __forceinline__ void prepare(const Parameters &parameters, int row, int tileColumn) {
        int lane = threadIdx.x % 32, at = tileColumn + lane * 8;
        column = tileColumn;
        bias = make_uint4(0, 0, 0, 0);
        if (lane < columns / 8 && at < parameters.columns)
            bias = loadConstant4(static_cast<const T *>(parameters.bias) + at);
        token = row + lane % 16 < parameters.rows ? loadOrder(parameters.order + row + lane % 16) : -1;
    }

    /// Sends the sums of place `own` among `blocks`, which are `apart` in the cluster from `start` on.
    template <int blocks>
    __device__ __forceinline__ void send(const float (&sums)[columns / 2], uint32_t barrier, int own, int start,
                                         int apart) const {
        constexpr int rows = 16 / blocks;
        int lane = threadIdx.x % 32;
#pragma unroll
        for (int half = 0; half < 2; ++half) {
            int row = lane / 4 + 8 * half, block = start + row / rows * apart;
            uint32_t there = inBlock(parts + (own * rows + row % rows) * stride + lane % 4 * 8, block);
            uint32_t arrived = inBlock(barrier, block);
#pragma unroll
            for (int j = 0; j < columns / 8; ++j)
                sendSums(there + j * 32, sums[4 * j + 2 * half], sums[4 * j + 2 * half + 1], arrived);
        }
    }

    /// Adds what was sent of the rows of share `own`, and writes them.
    template <int blocks>
    __device__ __forceinline__ void add(const Parameters &parameters, int own) const {
        constexpr int rows = 16 / blocks, chunks = columns / 8;
        int lane = threadIdx.x % 32;
#pragma unroll
        for (int from = 0; from < rows * chunks; from += 32) {
            int within = (from + lane) / chunks, chunk = (from + lane) % chunks;
            float4 low[blocks], high[blocks];
#pragma unroll
            for (int block = 0; block < blocks; ++block) {
                uint32_t address = parts + (block * rows + within) * stride + chunk * 32;
                low[block] = loadSums(address);
                high[block] = loadSums(address + 16);
            }
            int target = __shfl_sync(~0u, token, own * rows + within);
            float2 b0 = Pair<T>::unpack(__shfl_sync(~0u, bias.x, chunk));
            float2 b1 = Pair<T>::unpack(__shfl_sync(~0u, bias.y, chunk));
            float2 b2 = Pair<T>::unpack(__shfl_sync(~0u, bias.z, chunk));
            float2 b3 = Pair<T>::unpack(__shfl_sync(~0u, bias.w, chunk));
            float4 a = low[0], b = high[0];
#pragma unroll
            for (int block = 1; block < blocks; ++block) {
                a.x += low[block].x, a.y += low[block].y, a.z += low[block].z, a.w += low[block].w;
                b.x += high[block].x, b.y += high[block].y, b.z += high[block].z, b.w += high[block].w;
            }
            int at = column + chunk * 8;
            if (target >= 0 && at < parameters.columns)
                *reinterpret_cast<uint4 *>(static_cast<T *>(parameters.output) +
                                           target * parameters.outputStride + at) =
                    make_uint4(Pair<T>::pack(a.x + b0.x, a.y + b0.y), Pair<T>::pack(a.z + b1.x, a.w + b1.y),
                               Pair<T>::pack(b.x + b2.x, b.y + b2.y), Pair<T>::pack(b.z + b3.x, b.w + b3.y));
        }
    }
};

}  // namespace acm::gated_mlp::cuda::sm90
