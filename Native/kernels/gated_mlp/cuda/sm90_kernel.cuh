// One product of acm::gated_mlp on Hopper. Rows are the tokens in descending order of choice.
//
//     first:   H[row, c] = activation(input[token(row)] · w1[c] + b1[c])  if c < choice(row) width,
//                          0 otherwise; only in tiles in which some row has such a c
//     second:  output[token(row)] = bias + H[row, :depth] · w2[:, :depth]ᵀ, where depth is that of
//                          the longest row of the tile's unit
//
// A block has a warpgroup that fetches and two that multiply, each 64 rows of a 128-row tile;
// stages of 64 elements of depth go round a ring in shared memory. The blocks of a cluster either
// share the weights' tile (`sharing` 2: neighbouring tiles of rows, each block fetches half of the
// weights for both), or split the depth of one tile and add the parts through distributed shared
// memory, in the order of the blocks. The grid stays and takes tiles in turn.
#pragma once

#include "activation.cuh"
#include "sm90_launch.h"
#include "sm90_ptx.cuh"
#include "staircase.cuh"

namespace acm::gated_mlp::cuda::sm90 {

constexpr int tileRows = 128, tileDepth = 64;
constexpr int threads = 384;
constexpr int rowBytes = 128;                     // of a stage: tileDepth elements
constexpr int leftBytes = tileRows * rowBytes;    // of a stage
constexpr int warpStagingBytes = 16 * rowBytes;   // 16 rows of 64 results
constexpr int stagingBytes = 8 * warpStagingBytes;
constexpr int mostShared = 227 * 1024;
// Of the first multiplying warpgroup before the second, in stages; so they stay, and one multiplies
// while the other is at its results. 0: none.
constexpr int headStart = 2;

/// Where things are in shared memory, from a multiple of 1024 on.
template <bool first, int columns, int sharing>
struct Layout {
    static constexpr bool splits = !first && sharing == 1;
    static constexpr int rightBytes = columns * rowBytes;
    static constexpr int stageBytes = leftBytes + rightBytes;
    // A row of sums is padded by 32 bytes: eight rows of four lanes then take all banks.
    static constexpr int partStride = columns * 4 + 32;
    static constexpr int partBytes = splits ? tileRows * partStride : 0;
    // Results go through one of the two: parts where blocks add their sums, else staging.
    static constexpr int resultBytes = partBytes > stagingBytes ? partBytes : stagingBytes;
    static constexpr int tableBytes = 4 * (maximumLearners + 1) + sizeof(Run) * (maximumLearners + 1);
    static constexpr int fitting =
        (mostShared - 1024 - 256 - tableBytes - resultBytes) / stageBytes;
    static constexpr int stages = fitting < 7 ? fitting : 7;
    static constexpr int results = stages * stageBytes;
    static constexpr int barriers = results + resultBytes;
    static constexpr int steps = barriers + 256;
    static constexpr int runs = steps + 4 * (maximumLearners + 1);
    static constexpr int bytes = barriers + 256 + tableBytes + 1024;  // the start is aligned
    static_assert(stages >= (first ? 4 : 3) && bytes <= mostShared && (2 * stages + 2) * 8 <= 256);
};

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

struct Tile {
    int unit, column;  // block of rows, block of columns
};

/// The tiles of a product, asked for in ascending order, and their depth in stages.
template <bool first, int columns, int sharing>
struct Work {
    static constexpr int unitRows = tileRows * sharing;
    const Parameters &parameters;
    const int *atLeast;  // in shared memory, as the runs
    const Run *runs;
    int n;  // of the run reached

    /// Whether there is a tile of this index.
    __device__ __forceinline__ bool find(int index, Tile &tile) {
        if constexpr (first) {
            while (n >= 1 && index >= runs[n].end) --n;
            if (n < 1) return false;
            Run run = runs[n];
            if (n < parameters.learners) index -= runs[n + 1].end;
            tile.unit = index / run.columns;
            tile.column = index - tile.unit * run.columns;
            tile.unit += run.deeper;
            return true;
        } else {
            int across = ceilDivide(parameters.columns, columns);
            tile.unit = index / across;
            tile.column = index - tile.unit * across;
            return tile.unit < ceilDivide(parameters.rows, unitRows);
        }
    }
    __device__ __forceinline__ int steps(const Tile &tile) const {
        if constexpr (first) return ceilDivide(parameters.depth, tileDepth);
        int row = (tile.unit * unitRows) & -parameters.granule;
        int depth = choiceAt(atLeast, parameters.learners, row) * parameters.learnerWidth;
        return ceilDivide(depth, tileDepth);
    }
};

/// A ring of stages and the parity of its barriers.
template <int stages>
struct Ring {
    int stage = 0;
    uint32_t parity = 0;
    __device__ __forceinline__ void advance() {
        if (++stage == stages) {
            stage = 0;
            parity ^= 1;
        }
    }
};

/// Results of a warp, 16 rows and 64 columns at a time, through the warp's part of shared memory,
/// so that 8 lanes write 128 consecutive bytes.
template <typename T>
struct RowWriter {
    uint32_t staging;
    T *targets[4];  // of rows 4 i + lane / 8; null: not written
    int ends[4];    // the first column that is zero instead

    /// `sums` are those of 64 columns in the layout of product(); `transform` takes a column and
    /// its sum pair.
    template <typename Transform>
    __device__ __forceinline__ void write(const float *sums, int column, int columns,
                                          Transform &&transform) {
        int lane = threadIdx.x % 32;
        // The address of row lane % 16 and, in each pair of 8-column groups, group lane / 16.
        int row = lane % 16, group = lane / 16;
#pragma unroll
        for (int pair = 0; pair < 4; ++pair) {
            uint32_t packed[4];
#pragma unroll
            for (int half = 0; half < 2; ++half) {
                const float *four = sums + (2 * pair + half) * 4;
                int at = column + (2 * pair + half) * 8 + lane % 4 * 2;
                transform(at, four, packed[2 * half], packed[2 * half + 1]);
            }
            uint32_t chunk = (2 * pair + group) ^ (row & 7);
            storeMatrices(staging + row * rowBytes + chunk * 16, packed[0], packed[1], packed[2],
                          packed[3]);
        }
        __syncwarp();
        int at = column + lane % 8 * 8;
#pragma unroll
        for (int i = 0; i < 4; ++i) {
            int from = 4 * i + lane / 8;
            uint4 values = loadShared(staging + from * rowBytes + ((lane % 8) ^ (from & 7)) * 16);
            if (at >= ends[i]) values = make_uint4(0, 0, 0, 0);
            if (targets[i] && at < columns) *reinterpret_cast<uint4 *>(targets[i] + at) = values;
        }
        __syncwarp();
    }
};

template <typename T>
__device__ __forceinline__ float2 biasPair(const void *bias, int column, int columns) {
    if (column >= columns) return make_float2(0, 0);
    return Pair<T>::unpack(__ldg(reinterpret_cast<const uint32_t *>(static_cast<const T *>(bias) + column)));
}

template <typename T, bool first, int columns, int sharing>
__global__ __launch_bounds__(threads, 1) void multiply(const __grid_constant__ Parameters parameters,
                                                       const __grid_constant__ CUtensorMap leftMap,
                                                       const __grid_constant__ CUtensorMap rightMap) {
    using Layout = Layout<first, columns, sharing>;
    using Work = Work<first, columns, sharing>;
    constexpr int stages = Layout::stages;
    constexpr bool splits = Layout::splits;
    extern __shared__ uint8_t dynamicShared[];
    uint8_t *shared = reinterpret_cast<uint8_t *>(
        (reinterpret_cast<uintptr_t>(dynamicShared) + 1023) & ~uintptr_t{1023});
    const uint32_t base = sharedAddress(shared);
    int *steps = reinterpret_cast<int *>(shared + Layout::steps);
    Run *runs = reinterpret_cast<Run *>(shared + Layout::runs);
    auto full = [&](int stage) { return base + Layout::barriers + stage * 8; };
    auto empty = [&](int stage) { return base + Layout::barriers + (stages + stage) * 8; };
    const uint32_t partsWritten = base + Layout::barriers + 2 * stages * 8;
    const uint32_t partsRead = partsWritten + 8;

    const int warpgroup = threadIdx.x / 128, warp = threadIdx.x / 32, lane = threadIdx.x % 32;
    const int blocks = sharing > 1 || splits ? clusterSize() : 1;
    const int rank = sharing > 1 || splits ? clusterRank() : 0;

    if (threadIdx.x == 0) {
        if constexpr (!first) prefetchMap(&leftMap);
        prefetchMap(&rightMap);
        for (int stage = 0; stage < stages; ++stage) {
            barrierInit(full(stage), first ? 129 : 1);  // threads that gather, and the copy engine's
            barrierInit(empty(stage), 8 * sharing);     // warps that multiply what is in it
        }
        barrierInit(partsWritten, 8 * blocks);
        barrierInit(partsRead, 8 * blocks);
        fenceBarrierInit();
    }
    if constexpr (sharing > 1 || splits) clusterSync();
    // Up to here the kernel may run beside the one before it, whose results it reads from here on.
    allowNextKernel();
    waitForPreviousKernel();
    for (int n = threadIdx.x; n <= parameters.learners; n += threads) steps[n] = parameters.atLeast[n];
    __syncthreads();
    if constexpr (first) {
        findRuns<Work::unitRows, columns>(runs, steps, parameters.learners, parameters.learnerWidth,
                                          parameters.granule);
        __syncthreads();
    }

    Work work{parameters, steps, runs, parameters.learners};
    // Tiles come in descending order of cost. Clusters take them there and back in turn, so that who
    // got the dearest of one round gets the cheapest of the next.
    auto turn = [&](int round) {
        int cluster = blockIdx.x / blocks, clusters = gridDim.x / blocks;
        return round * clusters + (round % 2 == 0 ? cluster : clusters - 1 - cluster);
    };
    // Of a tile's stages the block multiplies [begin, end).
    auto range = [&](const Tile &tile, int &begin, int &end) {
        begin = 0;
        end = work.steps(tile);
        if constexpr (splits) {
            int each = ceilDivide(end, blocks);
            begin = min(end, rank * each);
            end = min(end, begin + each);
        }
    };
    auto firstRow = [&](const Tile &tile) {
        return tile.unit * Work::unitRows + (sharing > 1 ? rank * tileRows : 0);
    };

    if (warpgroup == 0) {
        giveRegisters<56>();
        Ring<stages> ring;
        Tile tile;
        auto fetchRight = [&](int step, int column) {
            uint32_t target = base + ring.stage * Layout::stageBytes + leftBytes;
            if constexpr (sharing > 1) {
                constexpr int part = columns / sharing;
                copyBoxToBlocks(target + rank * part * rowBytes, &rightMap, full(ring.stage),
                                step * tileDepth, column * columns + rank * part, (1 << sharing) - 1);
            } else {
                copyBox(target, &rightMap, full(ring.stage), step * tileDepth, column * columns);
            }
        };
        if constexpr (first) {
            // Each thread gathers 16 bytes of every 16th row, swizzled as the copy engine would.
            const int chunk = threadIdx.x % 8, row = threadIdx.x / 8;
            const uint32_t offset = row * rowBytes + (chunk ^ (row & 7)) * 16;
            for (int round = 0; work.find(turn(round), tile); ++round) {
                const uint8_t *rows[8];
                uint32_t valid = 0;
#pragma unroll
                for (int i = 0; i < 8; ++i) {
                    int at = firstRow(tile) + row + 16 * i;
                    int token = at < parameters.rows ? parameters.order[at] : 0;
                    valid |= (at < parameters.rows ? 1u : 0u) << i;
                    rows[i] = static_cast<const uint8_t *>(parameters.input) +
                              token * parameters.inputStride * 2 + chunk * 16;
                }
                int end = work.steps(tile);
                for (int step = 0; step < end; ++step) {
                    wait(empty(ring.stage), ring.parity ^ 1);
                    if (threadIdx.x == 0) {
                        arriveExpecting(full(ring.stage), Layout::rightBytes);
                        fetchRight(step, tile.column);
                    }
                    __syncwarp();
                    uint32_t target = base + ring.stage * Layout::stageBytes + offset;
                    bool within = step * tileDepth + chunk * 8 < parameters.depth;
#pragma unroll
                    for (int i = 0; i < 8; ++i)
                        copy16(target + i * 16 * rowBytes, rows[i] + step * rowBytes,
                               within && (valid >> i & 1));
                    arriveAfterCopies(full(ring.stage));
                    ring.advance();
                }
            }
        } else if (threadIdx.x == 0) {
            fenceAsyncProxyGlobal();
            for (int round = 0; work.find(turn(round), tile); ++round) {
                int begin, end, row = firstRow(tile);
                range(tile, begin, end);
                for (int step = begin; step < end; ++step) {
                    wait(empty(ring.stage), ring.parity ^ 1);
                    arriveExpecting(full(ring.stage), Layout::stageBytes);
                    copyBox(base + ring.stage * Layout::stageBytes, &leftMap, full(ring.stage),
                            step * tileDepth, row);
                    fetchRight(step, tile.column);
                    ring.advance();
                }
            }
        }
        __syncwarp();
    } else {
        takeRegisters<224>();
        const int half = warpgroup - 1;  // of the tile's rows
        const int warpRow = half * 64 + warp % 4 * 16;
        Ring<stages> ring;
        uint32_t partsParity = 0;
        Tile tile;
        float sums[columns / 2];
        auto release = [&](int stage) {  // to every block that fetches for this one
            if constexpr (sharing > 1) {
                if (lane < sharing) arriveInBlock(inBlock(empty(stage), lane));
            } else {
                if (lane == 0) arrive(empty(stage));
            }
        };
        for (int round = 0; work.find(turn(round), tile); ++round) {
            int begin, end;
            range(tile, begin, end);
            const bool skews = headStart > 0 && round == 0 && end - begin > headStart;
            if (skews && half == 1) namedBarrierSync<1, 256>();
            if (begin == end) {
#pragma unroll
                for (int i = 0; i < columns / 2; ++i) sums[i] = 0;
            }
            int last = 0;
            for (int step = begin; step < end; ++step) {
                wait(full(ring.stage), ring.parity);
                if constexpr (first) fenceAsyncProxy();
                uint32_t stage = base + ring.stage * Layout::stageBytes;
                uint64_t left = describe(stage + half * 64 * rowBytes);
                uint64_t right = describe(stage + leftBytes);
                pin(sums);
                productFence();
#pragma unroll
                for (int k = 0; k < tileDepth / 16; ++k)
                    product<T>(sums, left + 2 * k, right + 2 * k, step > begin || k > 0);
                productCommit();
                pin(sums);
                productWait<1>();
                if (step > begin) release(last);
                last = ring.stage;
                if (skews && half == 0 && step == begin + headStart - 1) namedBarrierArrive<1, 256>();
                ring.advance();
            }
            productWait<0>();
            pin(sums);
            if (begin < end) release(last);

            const int row = firstRow(tile) + warpRow, column = tile.column * columns;
            if constexpr (splits) {
                if (blocks > 1) {
                    waitInCluster(partsRead, partsParity ^ 1);
                    uint32_t part = base + Layout::results +
                                    (warpRow + lane / 4) * Layout::partStride + lane % 4 * 8;
#pragma unroll
                    for (int j = 0; j < columns / 8; ++j) {
                        storeShared(part + j * 32, sums[4 * j], sums[4 * j + 1]);
                        storeShared(part + 8 * Layout::partStride + j * 32, sums[4 * j + 2],
                                    sums[4 * j + 3]);
                    }
                    __syncwarp();
                    if (lane < blocks) arriveInCluster(inBlock(partsWritten, lane));
                    waitInCluster(partsWritten, partsParity);
                    const int rows = 16 / blocks;
                    for (int item = lane; item < rows * (columns / 8); item += 32) {
                        int within = rank * rows + item / (columns / 8), at = item % (columns / 8) * 8;
                        uint32_t address = base + Layout::results +
                                           (warpRow + within) * Layout::partStride + at * 4;
                        float4 low = make_float4(0, 0, 0, 0), high = low;
                        for (int block = 0; block < blocks; ++block) {
                            float4 a = loadFromBlock(inBlock(address, block));
                            float4 b = loadFromBlock(inBlock(address + 16, block));
                            low.x += a.x, low.y += a.y, low.z += a.z, low.w += a.w;
                            high.x += b.x, high.y += b.y, high.z += b.z, high.w += b.w;
                        }
                        at += column;
                        if (row + within < parameters.rows && at < parameters.columns) {
                            float2 b0 = biasPair<T>(parameters.bias, at, parameters.columns);
                            float2 b1 = biasPair<T>(parameters.bias, at + 2, parameters.columns);
                            float2 b2 = biasPair<T>(parameters.bias, at + 4, parameters.columns);
                            float2 b3 = biasPair<T>(parameters.bias, at + 6, parameters.columns);
                            T *target = static_cast<T *>(parameters.output) +
                                        parameters.order[row + within] * parameters.outputStride + at;
                            *reinterpret_cast<uint4 *>(target) =
                                make_uint4(Pair<T>::pack(low.x + b0.x, low.y + b0.y),
                                           Pair<T>::pack(low.z + b1.x, low.w + b1.y),
                                           Pair<T>::pack(high.x + b2.x, high.y + b2.y),
                                           Pair<T>::pack(high.z + b3.x, high.w + b3.y));
                        }
                    }
                    __syncwarp();
                    if (lane < blocks) arriveInBlock(inBlock(partsRead, lane));
                    partsParity ^= 1;
                    continue;
                }
            }

            RowWriter<T> writer;
            writer.staging = base + Layout::results + (warp - 4) * warpStagingBytes;
#pragma unroll
            for (int i = 0; i < 4; ++i) {
                int at = row + 4 * i + lane / 8;
                bool exists = at < parameters.rows;
                int target = first ? at : exists ? parameters.order[at] : 0;
                writer.targets[i] =
                    exists ? static_cast<T *>(parameters.output) + target * parameters.outputStride : nullptr;
                writer.ends[i] = first ? choiceAt(steps, parameters.learners, at) * parameters.learnerWidth
                                       : parameters.columns;
            }
            auto write = [&](auto &&transform) {
#pragma unroll
                for (int part = 0; part < columns / 64; ++part)
                    if (column + part * 64 < parameters.columns)
                        writer.write(sums + part * 32, column + part * 64, parameters.columns, transform);
            };
            if constexpr (first) {
                withActivation(parameters.activation, [&](auto constant) {
                    constexpr Activation activation = decltype(constant)::value;
                    constexpr bool fast = std::is_same_v<T, __nv_bfloat16>;
                    write([&](int at, const float *four, uint32_t &upper, uint32_t &lower) {
                        float2 bias = biasPair<T>(parameters.bias, at, parameters.columns);
                        upper = Pair<T>::pack(activate<activation, fast>(four[0] + bias.x),
                                              activate<activation, fast>(four[1] + bias.y));
                        lower = Pair<T>::pack(activate<activation, fast>(four[2] + bias.x),
                                              activate<activation, fast>(four[3] + bias.y));
                    });
                });
            } else {
                write([&](int at, const float *four, uint32_t &upper, uint32_t &lower) {
                    float2 bias = biasPair<T>(parameters.bias, at, parameters.columns);
                    upper = Pair<T>::pack(four[0] + bias.x, four[1] + bias.y);
                    lower = Pair<T>::pack(four[2] + bias.x, four[3] + bias.y);
                });
            }
        }
    }
    // No block leaves while another may still reach into its shared memory.
    if constexpr (sharing > 1 || splits) clusterSync();
}

}  // namespace acm::gated_mlp::cuda::sm90
