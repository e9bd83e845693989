// The sort of up to `directTokens` tokens on Hopper: one launch, in which the blocks of one cluster
// tell each other their counts. See sort.cu.
#include "../../cuda/dependent_launch.cuh"
#include "sort.cuh"

namespace acm::gated_mlp::cuda {

namespace {

using namespace sorting;

__device__ __forceinline__ void clusterArrive() {
    asm volatile("barrier.cluster.arrive.release.aligned;" ::: "memory");
}
__device__ __forceinline__ void clusterWait() {
    asm volatile("barrier.cluster.wait.acquire.aligned;" ::: "memory");
}

/// To the same variable of another block of the cluster.
__device__ __forceinline__ void storeToBlock(const int *variable, int block, int value) {
    asm volatile(
        "{\n.reg .u32 there;\nmapa.shared::cluster.u32 there, %0, %1;\n"
        "st.shared::cluster.s32 [there], %2;\n}" ::"r"(
            static_cast<unsigned>(__cvta_generic_to_shared(variable))),
        "r"(block), "r"(value)
        : "memory");
}

constexpr int threads = 1024;
constexpr int mostClustered = 8;  // blocks of a cluster that every device takes
constexpr int mostRounds = directTokens / (mostClustered * threads);

/// All tokens by one cluster, a block `rounds` times `threads` of them.
template <typename Integer>
__global__ __launch_bounds__(threads, 1) void placeByCluster(const Integer *choice, int tokens, int rounds,
                                                          int learners, Order order) {
    using Sorted = Groups<threads, mostRounds>;
    __shared__ uint16_t counts[Sorted::mostCounts];
    __shared__ int totals[choices], firsts[choices], all[choices];
    __shared__ int ofBlock[mostClustered][choices];  // the totals of each block, in all of them
    const int rank = blockIdx.x, blocks = gridDim.x, start = rank * rounds * threads;
    clusterArrive();  // no block stores into one that has not started
    // The first product may start beside this kernel, and this kernel beside the one before it, whose
    // results it may read from the wait on.
    gpu::allowNextKernel();
    gpu::waitForPreviousKernel();
    Sorted groups;
    groups.load(choice, start, tokens, rounds, learners);
    groups.count(counts, totals, rounds, learners);
    __syncthreads();
    clusterWait();
    for (int i = threadIdx.x; i < blocks * (learners + 1); i += threads) {
        int block = i / (learners + 1), n = i - block * (learners + 1);
        storeToBlock(&ofBlock[rank][n], block, totals[n]);
    }
    __syncwarp();
    clusterArrive();
    clusterWait();
    for (int n = threadIdx.x; n <= learners; n += threads) {
        int earlier = 0, sum = 0;
        for (int block = 0; block < blocks; ++block) {
            int there = ofBlock[block][n];
            if (block < rank) earlier += there;
            sum += there;
        }
        firsts[n] = earlier;
        all[n] = sum;
    }
    __syncthreads();
    for (int n = threadIdx.x; n <= learners; n += threads) {
        int more = 0;
        for (int other = n + 1; other <= learners; ++other) more += all[other];
        if (rank == 0) order.atLeast[n] = more + all[n];
        firsts[n] += more;
    }
    __syncthreads();
    groups.place(counts, firsts, start, rounds, learners, [&](int token, int place) { order.tokens[place] = token; });
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
