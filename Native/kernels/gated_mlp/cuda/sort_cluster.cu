// The sort of up to `directTokens` tokens on Hopper: one launch, in which the blocks of one cluster
// read each other's counts. See sort.cu.
#include "../../cuda/dependent_launch.cuh"
#include "sort.cuh"

namespace acm::gated_mlp::cuda {

namespace {

using namespace sorting;

__device__ __forceinline__ void clusterSync() {
    __syncwarp();
    asm volatile("barrier.cluster.arrive.release.aligned;" ::: "memory");
    asm volatile("barrier.cluster.wait.acquire.aligned;" ::: "memory");
}

/// What another block of the cluster has in this variable.
__device__ __forceinline__ int loadFromBlock(const int *variable, int block) {
    int value;
    asm volatile(
        "{\n.reg .u32 there;\nmapa.shared::cluster.u32 there, %1, %2;\n"
        "ld.shared::cluster.s32 %0, [there];\n}"
        : "=r"(value)
        : "r"(static_cast<unsigned>(__cvta_generic_to_shared(variable))), "r"(block)
        : "memory");
    return value;
}

constexpr int mostClustered = 8;  // blocks of a cluster that every device takes
constexpr int mostRounds = directTokens / (mostClustered * threads);

/// All tokens by one cluster, a block `rounds` times `threads` of them. A group is what a warp takes
/// in one round: the groups of a block, in order, hold its tokens in order.
template <typename Integer>
__global__ __launch_bounds__(threads, 1) void placeByCluster(const Integer *choice, int tokens, int rounds,
                                                          int learners, Order order) {
    // Of each group, later the place of the first of its tokens.
    __shared__ uint16_t counts[mostRounds * warps][choices];
    __shared__ int totals[choices], before[choices], all[choices];
    const int warp = threadIdx.x / 32, lane = threadIdx.x % 32;
    // The first product may start beside this kernel, and this kernel beside the one before it, whose
    // results it may read from the wait on.
    gpu::allowNextKernel();
    gpu::waitForPreviousKernel();
    int found[mostRounds];
    const int start = blockIdx.x * rounds * threads;
#pragma unroll
    for (int round = 0; round < mostRounds; ++round) {
        int token = start + round * threads + threadIdx.x;
        found[round] = round < rounds && token < tokens ? choiceOf(choice, token, learners) : -1;
    }
    for (int i = threadIdx.x; i < rounds * warps * choices; i += threads) (&counts[0][0])[i] = 0;
    __syncthreads();
    int lower[mostRounds];  // tokens of the same choice before the thread's in its group
#pragma unroll
    for (int round = 0; round < mostRounds; ++round) {
        if (round >= rounds) break;
        unsigned peers = __match_any_sync(~0u, found[round]);
        lower[round] = __popc(peers & ((1u << lane) - 1));
        if (found[round] >= 0 && lower[round] == 0)
            counts[round * warps + warp][found[round]] = static_cast<uint16_t>(__popc(peers));
    }
    __syncthreads();
    // A warp takes a choice, a lane `rounds` groups: the counts become those of all groups before.
    for (int n = warp; n <= learners; n += warps) {
        int own = 0;
        for (int i = 0; i < rounds; ++i) own += counts[lane * rounds + i][n];
        int sum = own;
        for (int step = 1; step < 32; step *= 2) {
            int left = __shfl_up_sync(~0u, sum, step);
            if (lane >= step) sum += left;
        }
        if (lane == 31) totals[n] = sum;
        int place = sum - own;
        for (int i = 0; i < rounds; ++i) {
            int count = counts[lane * rounds + i][n];
            counts[lane * rounds + i][n] = static_cast<uint16_t>(place);
            place += count;
        }
    }
    clusterSync();
    for (int n = threadIdx.x; n <= learners; n += threads) {
        int earlier = 0, sum = 0;
        for (int block = 0; block < gridDim.x; ++block) {
            int there = loadFromBlock(&totals[n], block);
            if (block < blockIdx.x) earlier += there;
            sum += there;
        }
        before[n] = earlier;
        all[n] = sum;
    }
    __syncthreads();
    for (int n = threadIdx.x; n <= learners; n += threads) {
        int more = 0;
        for (int other = n + 1; other <= learners; ++other) more += all[other];
        if (blockIdx.x == 0) order.atLeast[n] = more + all[n];
        before[n] += more;
    }
    __syncthreads();
#pragma unroll
    for (int round = 0; round < mostRounds; ++round) {
        if (round >= rounds) break;
        int n = found[round];
        if (n >= 0)
            order.tokens[before[n] + counts[round * warps + warp][n] + lower[round]] =
                start + round * threads + threadIdx.x;
    }
    clusterSync();  // no block leaves while another may still read its totals
}

template <typename Integer>
void sort(const Call &call, const Order &order) {
    int tokens = static_cast<int>(call.tokens);
    int rounds = (tokens + mostClustered * threads - 1) / (mostClustered * threads);
    cudaLaunchAttribute attributes[2];
    attributes[0].id = cudaLaunchAttributeClusterDimension;
    attributes[1].id = cudaLaunchAttributeProgrammaticStreamSerialization;
    attributes[1].val.programmaticStreamSerializationAllowed = 1;
    cudaLaunchConfig_t launch = {};
    launch.gridDim = dim3((tokens + rounds * threads - 1) / (rounds * threads));
    launch.blockDim = dim3(threads);
    launch.dynamicSmemBytes = 0;
    launch.stream = call.stream;
    launch.attrs = attributes;
    launch.numAttrs = 2;
    attributes[0].val.clusterDim.x = launch.gridDim.x;
    attributes[0].val.clusterDim.y = attributes[0].val.clusterDim.z = 1;
    check(cudaLaunchKernelEx(&launch, placeByCluster<Integer>, static_cast<const Integer *>(call.choice),
                             tokens, rounds, call.learners, order),
          "sorting the tokens");
}

}  // namespace

void sortByCluster(const Call &call, const Order &order) {
    call.wideChoice ? sort<int64_t>(call, order) : sort<int>(call, order);
}

}  // namespace acm::gated_mlp::cuda
