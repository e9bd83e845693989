// One product of acm::gated_mlp on Hopper. Rows are the tokens in descending order of choice.
//
//     first:   H[row, c] = activation(input[token(row)] · w1[c] + b1[c])  if c < choice(row) width,
//                          0 otherwise; only in tiles in which some row has such a c
//     second:  output[token(row)] = bias + H[row, :depth] · w2[:, :depth]ᵀ, where depth is that of
//                          the longest row of the tile's unit
//
// A block has a warpgroup that fetches and two that multiply, each 64 rows of a 128-row tile;
// stages of 64 elements of depth go round a ring in shared memory. Of a cluster's blocks each
// `sharing` have neighbouring tiles of rows and share the weights' tile: each fetches a part of it
// for all. Groups of them may split the depth (`splits`), and add their sums through distributed
// shared memory, in the order of the groups. The grid stays and takes tiles in turn. Of few tokens the
// first product finds the order itself.
#pragma once

#include "../../cuda/dependent_launch.cuh"
#include "sm90_results.cuh"

namespace acm::gated_mlp::cuda::sm90 {

// Of the first multiplying warpgroup before the second, in stages; so they stay, and one multiplies
// while the other is at its results.
constexpr int headStart = 2;

/// The first product's own sort of few tokens. All blocks find the same; the first of them leaves it
/// for the second product. What it counts with lies where the results will be.
template <typename Integer>
__device__ __forceinline__ void sortTokens(const Parameters &parameters, uint16_t *counts, int *steps,
                                           uint16_t *order) {
    using Sorted = sorting::Groups<threads, (fewTokens + threads - 1) / threads>;
    static_assert(Sorted::mostCounts * 2 + 2 * 4 * sorting::choices <= 8 * warpStagingBytes);
    static_assert(Sorted::mostCounts % 2 == 0);
    int *totals = reinterpret_cast<int *>(counts + Sorted::mostCounts), *firsts = totals + sorting::choices;
    const int learners = parameters.learners, rounds = ceilDivide(parameters.rows, threads);
    Sorted groups;
    groups.load(static_cast<const Integer *>(parameters.choice), 0, parameters.rows, rounds, learners);
    groups.count(counts, totals, rounds, learners);
    __syncthreads();
    for (int n = threadIdx.x; n <= learners; n += threads) {
        int more = 0;
        for (int other = n + 1; other <= learners; ++other) more += totals[other];
        firsts[n] = more;
        steps[n] = more + totals[n];
        if (blockIdx.x == 0) parameters.atLeast[n] = steps[n];
    }
    __syncthreads();
    groups.place(counts, firsts, 0, rounds, learners, [&](int token, int place) {
        order[place] = static_cast<uint16_t>(token);
        if (blockIdx.x == 0) parameters.order[place] = token;
    });
}

template <typename T, bool first, int columns, int sharing, bool splits>
__global__ __launch_bounds__(threads, 1) void multiply(const __grid_constant__ Parameters parameters,
                                                       const __grid_constant__ CUtensorMap hiddenMap,
                                                       const __grid_constant__ CUtensorMap rightMap) {
    using Layout = Layout<first, columns, sharing, splits>;
    using Work = Work<first, columns, sharing>;
    constexpr int stages = Layout::stages;
    constexpr bool clustered = sharing > 1 || splits;
    extern __shared__ uint8_t dynamicShared[];
    uint8_t *shared = reinterpret_cast<uint8_t *>(
        (reinterpret_cast<uintptr_t>(dynamicShared) + 1023) & ~uintptr_t{1023});
    const uint32_t base = sharedAddress(shared);
    int *steps = reinterpret_cast<int *>(shared + Layout::steps);
    Run *runs = reinterpret_cast<Run *>(shared + Layout::runs);
    auto full = [&](int stage) { return base + Layout::barriers + stage * 8; };
    auto empty = [&](int stage) { return base + Layout::barriers + (stages + stage) * 8; };

    const int warpgroup = threadIdx.x / 128, warp = threadIdx.x / 32, lane = threadIdx.x % 32;
    const int blocks = clustered ? clusterSize() : 1;
    const int rank = clustered ? clusterRank() : 0;
    // The block's place among those that share weights, and its group's among those that split.
    const int rowRank = rank % sharing, group = rank / sharing, groups = blocks / sharing;
    // Of a warp that multiplies, where the depth is split: its sums of all groups have come, and have been read.
    auto partsCame = [&](int of) { return base + Layout::barriers + (2 * stages + of) * 8; };
    auto partsRead = [&](int of) { return base + Layout::barriers + (2 * stages + 8 + of) * 8; };

    if (threadIdx.x == 0) {
        prefetchMap(&hiddenMap);
        prefetchMap(&rightMap);
        for (int stage = 0; stage < stages; ++stage) {
            barrierInit(full(stage), first ? 129 : 1);  // threads that gather, and the copy engine's
            barrierInit(empty(stage), 8 * sharing);     // warps that multiply what is in it
        }
        for (int of = 0; splits && of < 8; ++of) {
            barrierInit(partsCame(of), 1);  // and what is sent
            barrierInit(partsRead(of), groups);
        }
        fenceBarrierInit();
    }
    if constexpr (clustered) clusterStart();
    // Up to here the kernel may run beside the one before it, whose results it reads from here on.
    gpu::allowNextKernel();
    gpu::waitForPreviousKernel();
    const bool sortsItself = first && parameters.choice;
    uint16_t *order = reinterpret_cast<uint16_t *>(shared + Layout::order);  // if it does
    if (sortsItself) {
        auto *counts = reinterpret_cast<uint16_t *>(shared + Layout::results);
        parameters.wideChoice ? sortTokens<int64_t>(parameters, counts, steps, order)
                              : sortTokens<int>(parameters, counts, steps, order);
    } else {
        for (int n = threadIdx.x; n <= parameters.learners; n += threads) steps[n] = parameters.atLeast[n];
    }
    __syncthreads();
    if constexpr (first) {
        findRuns<Work::unitRows, columns>(runs, steps, parameters.learners, parameters.learnerWidth,
                                          parameters.granule);
        __syncthreads();
    }

    Work work{parameters, steps, runs};
    // The second product's tiles come in descending order of cost. Clusters take them there and back in
    // turn, so that who got the dearest of one round gets the cheapest of the next.
    auto turn = [&](int round) {
        int cluster = blockIdx.x / blocks, clusters = gridDim.x / blocks;
        return round * clusters + (round % 2 == 0 ? cluster : clusters - 1 - cluster);
    };
    // Of a tile's stages the block multiplies [begin, end).
    auto range = [&](const Tile &tile, int &begin, int &end) {
        begin = 0;
        end = work.steps(tile);
        if constexpr (splits) {
            int each = ceilDivide(end, groups);
            begin = min(end, group * each);
            end = min(end, begin + each);
        }
    };
    auto firstRow = [&](const Tile &tile) {
        return tile.unit * Work::unitRows + rowRank * tileRows;
    };

    if (warpgroup == 0) {
        giveRegisters<72>();
        Ring<stages> ring;
        Tile tile;
        auto fetchRight = [&](int step, int column) {
            uint32_t target = base + ring.stage * Layout::stageBytes + leftBytes;
            if constexpr (sharing > 1) {
                constexpr int part = columns / sharing;
                copyBoxToBlocks(target + rowRank * part * rowBytes, &rightMap, full(ring.stage),
                                step * tileDepth, column * columns + rowRank * part,
                                ((1 << sharing) - 1) << (group * sharing));
            } else {
                copyBox(target, &rightMap, full(ring.stage), step * tileDepth, column * columns);
            }
        };
        if constexpr (first) {
            // Each thread gathers 16 bytes of every 16th row, swizzled as the copy engine would. The
            // order of the next tile's rows is under way while this tile's rows are.
            const int chunk = threadIdx.x % 8, row = threadIdx.x / 8;
            const uint32_t offset = row * rowBytes + (chunk ^ (row & 7)) * 16;
            int tokens[8];  // negative: no such row
            auto findTokens = [&] {
#pragma unroll
                for (int i = 0; i < 8; ++i) {
                    int at = firstRow(tile) + row + 16 * i;
                    tokens[i] = at >= parameters.rows ? -1 : sortsItself ? order[at] : loadOrder(parameters.order + at);
                }
            };
            bool more = work.find(turn(0), tile);
            if (more) findTokens();
            for (int round = 1; more; ++round) {
                const uint8_t *rows[8];
                uint32_t valid = 0;
#pragma unroll
                for (int i = 0; i < 8; ++i) {
                    valid |= (tokens[i] >= 0 ? 1u : 0u) << i;
                    rows[i] = static_cast<const uint8_t *>(parameters.input) +
                              max(tokens[i], 0) * parameters.inputStride * 2 + chunk * 16;
                }
                int end = work.steps(tile), column = tile.column;
                more = work.find(turn(round), tile);
                if (more) findTokens();
                for (int step = 0; step < end; ++step) {
                    wait(empty(ring.stage), ring.parity ^ 1);
                    if (threadIdx.x == 0) {
                        arriveExpecting(full(ring.stage), Layout::rightBytes);
                        fetchRight(step, column);
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
                    copyBox(base + ring.stage * Layout::stageBytes, &hiddenMap, full(ring.stage),
                            step * tileDepth, row);
                    fetchRight(step, tile.column);
                    ring.advance();
                }
            }
        }
        __syncwarp();
    } else {
        takeRegisters<216>();
        const int half = warpgroup - 1;  // of the tile's rows
        const int warpRow = half * 64 + warp % 4 * 16;
        Ring<stages> ring;
        Tile tile;
        float sums[columns / 2];
        auto writer = [&] {
            const uint32_t results = base + Layout::results;
            if constexpr (first) {
                HiddenWriter<T, columns> made;
                made.staging = results + (warp - 4) * warpStagingBytes;
                return made;
            } else if constexpr (splits) {
                PartsWriter<T, columns> made;
                made.parts = results + warpRow * Layout::partStride;
                return made;
            } else {
                OutputWriter<T, columns> made;
                made.staging = results + (warp - 4) * warpStagingBytes;
                return made;
            }
        }();
        uint32_t partsParity = 0;
        auto release = [&](int stage) {  // to every block that fetches for this one
            if constexpr (sharing > 1) {
                if (lane < sharing) arriveInBlock(inBlock(empty(stage), group * sharing + lane));
            } else {
                if (lane == 0) arrive(empty(stage));
            }
        };
        int begin = 0, end = 0;
        bool more = inWarp(work.find(turn(0), tile));
        if (more) range(tile, begin, end);
        for (int round = 1; more; ++round) {
            if constexpr (first)
                writer.prepare(parameters, steps, firstRow(tile) + warpRow, tile.column * columns);
            else
                writer.prepare(parameters, firstRow(tile) + warpRow, tile.column * columns);
            const bool skews = round == 1 && end - begin > headStart, isEmpty = begin == end;
            if (skews && half == 1) namedBarrierSync<1, 256>();
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
            // The next tile is found while the last products are under way.
            more = inWarp(work.find(turn(round), tile));
            if (more) range(tile, begin, end);
            productWait<0>();
            pin(sums);
            if (!isEmpty) {
                release(last);
            } else {
#pragma unroll
                for (int i = 0; i < columns / 2; ++i) sums[i] = 0;
                pin(sums);  // keeps this a branch, rather than a choice for each of them in every tile
            }

            if constexpr (first) {
                withActivation(parameters.activation, [&](auto constant) {
                    writer.template write<decltype(constant)::value>(parameters, &hiddenMap, sums);
                });
            } else if constexpr (splits) {
                waitInCluster(partsRead(warp - 4), partsParity ^ 1);
                if (lane == 0) arriveExpecting(partsCame(warp - 4), 16 * columns * 4);
                if (groups == 2)
                    writer.template send<2>(sums, partsCame(warp - 4), group, rowRank, sharing);
                else
                    writer.template send<4>(sums, partsCame(warp - 4), group, rowRank, sharing);
                waitInCluster(partsCame(warp - 4), partsParity);
                if (groups == 2)
                    writer.template add<2>(parameters, group);
                else
                    writer.template add<4>(parameters, group);
                __syncwarp();
                const int peer = lane * sharing + rowRank;  // the same rows in each group
                if (lane < groups) arriveInBlock(inBlock(partsRead(warp - 4), peer));
                partsParity ^= 1;
            } else {
                writer.write(parameters, sums);
            }
        }
    }
    // All threads, since ptxas gives fewer registers to a branch that ends with this wait.
    if constexpr (first) waitForStores();
    // No block leaves while another may still reach into its shared memory.
    if constexpr (clustered) clusterSync();
}

}  // namespace acm::gated_mlp::cuda::sm90
