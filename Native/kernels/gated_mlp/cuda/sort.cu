// Stable counting sort of the tokens by choice, descending, on the device.
//
//     atLeast[n]    = number of tokens with choice >= n
//     tokens[place] = token, choices descending, equal choices in the order of the tokens
//
// Each block places its own stretch of tokens. For that it needs the counts of all choices, and of
// those before its stretch. Up to `directTokens` it finds them without another launch: on Hopper the
// blocks are one cluster and tell each other their counts, elsewhere each counts all choices itself.
// Beyond that a first kernel counts each block's.
#include "../../cuda/dependent_launch.cuh"
#include "sort.cuh"

namespace acm::gated_mlp::cuda {

namespace {

using namespace sorting;

constexpr int threads = 1024, warps = threads / 32;
constexpr int mostBlocks = 1024;

int stretches(int64_t tokens) {  // blocks of `threads` tokens that one block of threads places
    return static_cast<int>((tokens + int64_t{mostBlocks} * threads - 1) / (int64_t{mostBlocks} * threads));
}

int blocks(int64_t tokens) {
    int64_t stretch = int64_t{stretches(tokens)} * threads;
    return static_cast<int>((tokens + stretch - 1) / stretch);
}

/// Adds the warp's choices to its counts; lanes without a token give -1.
__device__ __forceinline__ void count(int choice, int *counts) {
    unsigned peers = __match_any_sync(~0u, choice);
    if (choice >= 0 && (peers & ((1u << threadIdx.x % 32) - 1)) == 0) counts[choice] += __popc(peers);
    __syncwarp();
}

template <typename Integer>
__global__ __launch_bounds__(threads) void countChoices(const Integer *choice, int tokens,
                                                        int stretch, int learners,
                                                        int *blockCounts) {
    __shared__ int counts[warps][choices];
    for (int i = threadIdx.x; i < warps * choices; i += threads) (&counts[0][0])[i] = 0;
    __syncthreads();
    int start = blockIdx.x * stretch, end = min(tokens, start + stretch);
    for (int base = start; base < end; base += threads) {
        int token = base + threadIdx.x;
        count(token < end ? choiceOf(choice, token, learners) : -1, counts[threadIdx.x / 32]);
    }
    __syncthreads();
    for (int n = threadIdx.x; n <= learners; n += threads) {
        int sum = 0;
#pragma unroll
        for (int warp = 0; warp < warps; ++warp) sum += counts[warp][n];
        blockCounts[blockIdx.x * choices + n] = sum;
    }
}

template <typename Integer, bool counted>
__global__ __launch_bounds__(threads) void place(const Integer *choice, int tokens, int stretch,
                                                 int learners, Order order) {
    __shared__ int before[warps][choices], others[warps][choices];
    __shared__ int next[choices];  // the place of the next token of each choice
    int warp = threadIdx.x / 32, lane = threadIdx.x % 32;
    gpu::allowNextKernel();
    gpu::waitForPreviousKernel();
    for (int i = threadIdx.x; i < warps * choices; i += threads)
        (&before[0][0])[i] = (&others[0][0])[i] = 0;
    __syncthreads();

    int start = blockIdx.x * stretch, end = min(tokens, start + stretch);
    if constexpr (counted) {
        for (int block = warp; block < gridDim.x; block += warps)
            for (int n = lane; n <= learners; n += 32)
                (block < blockIdx.x ? before : others)[warp][n] += order.blockCounts[block * choices + n];
    } else {
        constexpr int batch = 8;  // loads under way together
        for (int base = 0; base < tokens; base += batch * threads) {
            int found[batch];
#pragma unroll
            for (int i = 0; i < batch; ++i) {
                int token = base + i * threads + threadIdx.x;
                found[i] = token < tokens ? choiceOf(choice, token, learners) : -1;
            }
#pragma unroll
            for (int i = 0; i < batch; ++i)
                count(found[i], (base + i * threads < start ? before : others)[warp]);
        }
    }
    __syncthreads();
    // Sums over the warps, into the counts of warp 0.
    for (int n = threadIdx.x; n <= learners; n += threads) {
        int first = 0, rest = 0;
#pragma unroll
        for (int i = 0; i < warps; ++i) first += before[i][n], rest += others[i][n];
        before[0][n] = first;
        others[0][n] = first + rest;
    }
    __syncthreads();
    for (int n = threadIdx.x; n <= learners; n += threads) {
        int more = 0;
        for (int other = n + 1; other <= learners; ++other) more += others[0][other];
        next[n] = more + before[0][n];
        if (blockIdx.x == 0) order.atLeast[n] = more + others[0][n];
    }
    __syncthreads();

    for (int base = start; base < end; base += threads) {
        for (int i = threadIdx.x; i < warps * choices; i += threads) (&before[0][0])[i] = 0;
        __syncthreads();
        int token = base + threadIdx.x;
        int mine = token < end ? choiceOf(choice, token, learners) : -1;
        unsigned peers = __match_any_sync(~0u, mine), lower = peers & ((1u << lane) - 1);
        if (mine >= 0 && lower == 0) before[warp][mine] = __popc(peers);
        __syncthreads();
        // Each choice's counts become the number of its tokens in earlier warps.
        for (int n = warp; n <= learners; n += warps) {
            int own = before[lane][n], sum = own;
            for (int step = 1; step < 32; step *= 2) {
                int left = __shfl_up_sync(~0u, sum, step);
                if (lane >= step) sum += left;
            }
            int first = next[n];
            before[lane][n] = first + sum - own;
            __syncwarp();
            if (lane == 31) next[n] = first + sum;
        }
        __syncthreads();
        if (mine >= 0) order.tokens[before[warp][mine] + __popc(lower)] = token;
        __syncthreads();
    }
}

template <typename Integer>
void sort(const Call &call, const Order &order) {
    auto *choice = static_cast<const Integer *>(call.choice);
    int tokens = static_cast<int>(call.tokens), stretch = stretches(tokens) * threads;
    if (tokens <= directTokens && call.isHopper) {
        sortByCluster(call, order);
    } else if (tokens <= directTokens) {
        place<Integer, false><<<blocks(tokens), threads, 0, call.stream>>>(choice, tokens, stretch,
                                                                          call.learners, order);
    } else {
        countChoices<<<blocks(tokens), threads, 0, call.stream>>>(choice, tokens, stretch,
                                                                  call.learners, order.blockCounts);
        place<Integer, true><<<blocks(tokens), threads, 0, call.stream>>>(choice, tokens, stretch,
                                                                         call.learners, order);
    }
}

}  // namespace

int64_t orderInts(int64_t tokens) {
    return choices + (tokens <= directTokens ? 0 : int64_t{blocks(tokens)} * choices) + tokens;
}

Order order(const Call &call) {
    int *counts = call.orderBuffer + choices;
    return {call.orderBuffer + orderInts(call.tokens) - call.tokens, call.orderBuffer, counts};
}

void sortByChoice(const Call &call) {
    call.wideChoice ? sort<int64_t>(call, order(call)) : sort<int>(call, order(call));
    check(cudaGetLastError(), "sorting the tokens");
}

}  // namespace acm::gated_mlp::cuda
