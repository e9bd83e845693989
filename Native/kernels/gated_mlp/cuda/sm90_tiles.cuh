// How the Hopper kernels divide a product into tiles, and a block's shared memory.
#pragma once

#include "sm90_launch.h"
#include "sm90_ptx.cuh"
#include "sort.cuh"
#include "staircase.cuh"

namespace acm::gated_mlp::cuda::sm90 {

constexpr int tileRows = 128, tileDepth = 64;
constexpr int threads = 384;
constexpr int rowBytes = 128;                    // of a stage: tileDepth elements
constexpr int leftBytes = tileRows * rowBytes;   // of a stage
constexpr int warpStagingBytes = 16 * rowBytes;  // 16 rows of 64 results
constexpr int mostShared = 227 * 1024;

/// Where things are in shared memory, from a multiple of 1024 on.
template <bool first, int columns, int sharing, bool splits>
struct Layout {
    static_assert(!first || !splits);
    static constexpr int rightBytes = columns * rowBytes;
    static constexpr int stageBytes = leftBytes + rightBytes;
    // A row of sums is padded by 32 bytes: eight rows of four lanes then take all banks.
    static constexpr int partStride = columns * 4 + 32;
    // A warp stages 64 columns of its results.
    static constexpr int resultBytes = splits ? tileRows * partStride : 8 * warpStagingBytes;
    static constexpr int orderBytes = first ? fewTokens * 2 : 0;
    static constexpr int tableBytes = 4 * (maximumLearners + 1) + sizeof(Run) * (maximumLearners + 1);
    static constexpr int fitting =
        (mostShared - 1024 - 256 - tableBytes - orderBytes - resultBytes) / stageBytes;
    static constexpr int stages = fitting < 7 ? fitting : 7;
    static constexpr int results = stages * stageBytes;
    static constexpr int barriers = results + resultBytes;
    static constexpr int steps = barriers + 256;
    static constexpr int runs = steps + 4 * (maximumLearners + 1);
    static constexpr int order = barriers + 256 + tableBytes;
    static constexpr int bytes = order + orderBytes + 1024;  // the start is aligned
    static_assert(stages >= (first ? 4 : 3) && bytes <= mostShared && (2 * stages + 16) * 8 <= 256);
};

/// The tiles of a product, asked for in ascending order, and their depth in stages.
template <bool first, int columns, int sharing>
struct Work {
    static constexpr int unitRows = tileRows * sharing;
    const Parameters &parameters;
    const int *atLeast;  // in shared memory, as the runs
    const Run *runs;
    int n = 1;  // of the run reached

    /// Whether there is a tile of this index. The first product goes from the rows of the lowest
    /// choice to those of the highest: all its tiles cost the same, and the second product, which
    /// starts with the highest, finds what was written last in the L2 cache.
    __device__ __forceinline__ bool find(int index, Tile &tile) {
        if constexpr (first) {
            index = runs[1].end - 1 - index;
            if (index < 0) return false;
            while (n < parameters.learners && index < runs[n + 1].end) ++n;
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

}  // namespace acm::gated_mlp::cuda::sm90
