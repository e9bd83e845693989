// What the sorts share.
#pragma once

#include "launch.h"

namespace acm::gated_mlp::cuda {

/// The most tokens that one launch sorts.
constexpr int64_t directTokens = 65536;
/// The sort of so many tokens on Hopper.
void sortByCluster(const Call &call, const Order &order);

namespace sorting {

constexpr int choices = maximumLearners + 1;

template <typename Integer>
__device__ __forceinline__ int choiceOf(const Integer *choice, int token, int learners) {
    Integer value = choice[token];
    return value < 0 ? 0 : value > learners ? learners : static_cast<int>(value);
}

/// The tokens of a block of `threads`, one of a thread in each round. A group is what a warp takes in a
/// round: the groups, in order, hold the tokens in order.
template <int threads, int mostRounds>
struct Groups {
    static constexpr int warps = threads / 32;
    static constexpr int mostCounts = mostRounds * warps * choices;
    int found[mostRounds];  // choices; -1: no such token
    int lower[mostRounds];  // tokens of the same choice before the thread's in its group

    template <typename Integer>
    __device__ __forceinline__ void load(const Integer *choice, int start, int tokens, int rounds, int learners) {
#pragma unroll
        for (int round = 0; round < mostRounds; ++round) {
            int token = start + round * threads + threadIdx.x;
            found[round] = round < rounds && token < tokens ? choiceOf(choice, token, learners) : -1;
        }
    }

    /// counts [groups, learners + 1]: how many of each choice are in the groups before; totals
    /// [learners + 1]: in all of them. Both in shared memory, complete after the next barrier.
    __device__ __forceinline__ void count(uint16_t *counts, int *totals, int rounds, int learners) {
        const int warp = threadIdx.x / 32, lane = threadIdx.x % 32, width = learners + 1, groups = rounds * warps;
        for (int i = threadIdx.x; i < groups * width; i += threads) counts[i] = 0;
        __syncthreads();
#pragma unroll
        for (int round = 0; round < mostRounds; ++round) {
            if (round >= rounds) break;
            unsigned peers = __match_any_sync(~0u, found[round]);
            lower[round] = __popc(peers & ((1u << lane) - 1));
            if (found[round] >= 0 && lower[round] == 0)
                counts[(round * warps + warp) * width + found[round]] = static_cast<uint16_t>(__popc(peers));
        }
        __syncthreads();
        // A warp takes a choice, a lane as many groups as the others.
        const int each = (groups + 31) / 32, begin = lane * each, end = min(groups, begin + each);
        for (int n = warp; n <= learners; n += warps) {
            int own = 0;
            for (int group = begin; group < end; ++group) own += counts[group * width + n];
            int sum = own;
            for (int step = 1; step < 32; step *= 2) {
                int left = __shfl_up_sync(~0u, sum, step);
                if (lane >= step) sum += left;
            }
            if (lane == 31) totals[n] = sum;
            int before = sum - own;
            for (int group = begin; group < end; ++group) {
                int these = counts[group * width + n];
                counts[group * width + n] = static_cast<uint16_t>(before);
                before += these;
            }
        }
    }

    /// Calls body(token, place) for the thread's tokens; firsts: the place of the block's first of each choice.
    template <typename Body>
    __device__ __forceinline__ void place(const uint16_t *counts, const int *firsts, int start, int rounds,
                                          int learners, Body &&body) const {
#pragma unroll
        for (int round = 0; round < mostRounds; ++round) {
            if (round >= rounds) break;
            const int n = found[round], group = round * warps + static_cast<int>(threadIdx.x) / 32;
            if (n >= 0)
                body(start + round * threads + static_cast<int>(threadIdx.x),
                     firsts[n] + counts[group * (learners + 1) + n] + lower[round]);
        }
    }
};

}  // namespace sorting

}  // namespace acm::gated_mlp::cuda
