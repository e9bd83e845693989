// The instructions of Hopper that CUDA C++ has no names for. Shared-memory addresses are 32-bit.
#pragma once

#include <cuda.h>
#include <cuda_bf16.h>
#include <cuda_fp16.h>

#include <cstdint>
#include <type_traits>

namespace acm::gated_mlp::cuda::sm90 {

__device__ __forceinline__ uint32_t sharedAddress(const void *pointer) {
    return static_cast<uint32_t>(__cvta_generic_to_shared(pointer));
}

// --- Barriers in shared memory -----------------------------------------------------------------

__device__ __forceinline__ void barrierInit(uint32_t barrier, uint32_t count) {
    asm volatile("mbarrier.init.shared::cta.b64 [%0], %1;" ::"r"(barrier), "r"(count) : "memory");
}

/// Makes initialised barriers visible to the cluster and to the copy engine.
__device__ __forceinline__ void fenceBarrierInit() {
    asm volatile("fence.mbarrier_init.release.cluster;" ::: "memory");
    asm volatile("fence.proxy.async;" ::: "memory");
}

__device__ __forceinline__ void arrive(uint32_t barrier) {
    asm volatile("mbarrier.arrive.release.cta.shared::cta.b64 _, [%0];" ::"r"(barrier) : "memory");
}

__device__ __forceinline__ void arriveExpecting(uint32_t barrier, uint32_t bytes) {
    asm volatile("mbarrier.arrive.expect_tx.release.cta.shared::cta.b64 _, [%0], %1;" ::"r"(barrier),
                 "r"(bytes)
                 : "memory");
}

/// The address of the same variable in another block of the cluster.
__device__ __forceinline__ uint32_t inBlock(uint32_t address, uint32_t rank) {
    uint32_t mapped;
    asm volatile("mapa.shared::cluster.u32 %0, %1, %2;" : "=r"(mapped) : "r"(address), "r"(rank));
    return mapped;
}

/// `barrier` is an address that inBlock gave. For threads that only read, and publish nothing: a
/// release to the cluster would wait for all that the thread has under way.
__device__ __forceinline__ void arriveInBlock(uint32_t barrier) {
    asm volatile("mbarrier.arrive.shared::cluster.b64 _, [%0];" ::"r"(barrier) : "memory");
}

/// Whether the phase of this parity is complete; waits a short time for it.
__device__ __forceinline__ bool isComplete(uint32_t barrier, uint32_t parity) {
    uint32_t complete;
    asm volatile(
        "{\n.reg .pred done;\n"
        "mbarrier.try_wait.parity.acquire.cta.shared::cta.b64 done, [%1], %2;\n"
        "selp.u32 %0, 1, 0, done;\n}"
        : "=r"(complete)
        : "r"(barrier), "r"(parity)
        : "memory");
    return complete != 0;
}

__device__ __forceinline__ bool isCompleteInCluster(uint32_t barrier, uint32_t parity) {
    uint32_t complete;
    asm volatile(
        "{\n.reg .pred done;\n"
        "mbarrier.try_wait.parity.acquire.cluster.shared::cta.b64 done, [%1], %2;\n"
        "selp.u32 %0, 1, 0, done;\n}"
        : "=r"(complete)
        : "r"(barrier), "r"(parity)
        : "memory");
    return complete != 0;
}

/// A wait that never ends is an error of the kernel: it stops with one rather than hang.
constexpr uint32_t mostTries = 1u << 24;

__device__ __forceinline__ void wait(uint32_t barrier, uint32_t parity) {
    uint32_t tries = 0;
    while (!isComplete(barrier, parity))
        if (++tries == mostTries) asm volatile("trap;");
}

__device__ __forceinline__ void waitInCluster(uint32_t barrier, uint32_t parity) {
    uint32_t tries = 0;
    while (!isCompleteInCluster(barrier, parity))
        if (++tries == mostTries) asm volatile("trap;");
}

__device__ __forceinline__ void clusterSync() {
    __syncwarp();
    asm volatile("barrier.cluster.arrive.release.aligned;" ::: "memory");
    asm volatile("barrier.cluster.wait.acquire.aligned;" ::: "memory");
}

/// The same after fenceBarrierInit, which has published all there is: the release would wait for
/// everything under way in the block.
__device__ __forceinline__ void clusterStart() {
    __syncwarp();
    asm volatile("barrier.cluster.arrive.relaxed.aligned;" ::: "memory");
    asm volatile("barrier.cluster.wait.acquire.aligned;" ::: "memory");
}

__device__ __forceinline__ uint32_t clusterRank() {
    uint32_t rank;
    asm volatile("mov.u32 %0, %%cluster_ctarank;" : "=r"(rank));
    return rank;
}

__device__ __forceinline__ uint32_t clusterSize() {
    uint32_t size;
    asm volatile("mov.u32 %0, %%cluster_nctarank;" : "=r"(size));
    return size;
}

template <int name, int threads>
__device__ __forceinline__ void namedBarrierSync() {
    asm volatile("bar.sync %0, %1;" ::"n"(name), "n"(threads) : "memory");
}

template <int name, int threads>
__device__ __forceinline__ void namedBarrierArrive() {
    asm volatile("bar.arrive %0, %1;" ::"n"(name), "n"(threads) : "memory");
}

// --- Copies ------------------------------------------------------------------------------------

/// What ordinary instructions and copy16 wrote to shared memory becomes visible to the wgmma and
/// copies that follow.
__device__ __forceinline__ void fenceAsyncProxy() {
    asm volatile("fence.proxy.async.shared::cta;" ::: "memory");
}

/// What earlier kernels wrote to global memory becomes visible to the copy engine.
__device__ __forceinline__ void fenceAsyncProxyGlobal() {
    asm volatile("fence.proxy.async.global;" ::: "memory");
}

/// 16 bytes to shared memory; zeros if not `valid`, when the source is not read.
__device__ __forceinline__ void copy16(uint32_t target, const void *source, bool valid) {
    asm volatile("cp.async.cg.shared.global.L2::128B [%0], [%1], 16, %2;" ::"r"(target),
                 "l"(source), "r"(valid ? 16 : 0)
                 : "memory");
}

/// Arrives at the barrier once the thread's copies so far are done; its count expects this.
__device__ __forceinline__ void arriveAfterCopies(uint32_t barrier) {
    asm volatile("cp.async.mbarrier.arrive.noinc.shared::cta.b64 [%0];" ::"r"(barrier) : "memory");
}

__device__ __forceinline__ void prefetchMap(const CUtensorMap *map) {
    asm volatile("prefetch.tensormap [%0];" ::"l"(reinterpret_cast<uint64_t>(map)) : "memory");
}

/// A box of a matrix whose first element has this column and row.
__device__ __forceinline__ void copyBox(uint32_t target, const CUtensorMap *map, uint32_t barrier,
                                        int column, int row) {
    asm volatile(
        "cp.async.bulk.tensor.2d.shared::cluster.global.mbarrier::complete_tx::bytes"
        " [%0], [%1, {%3, %4}], [%2];" ::"r"(target),
        "l"(reinterpret_cast<uint64_t>(map)), "r"(barrier), "r"(column), "r"(row)
        : "memory");
}

/// The same to the same place of each block of the cluster in `blocks`, a set of bits.
__device__ __forceinline__ void copyBoxToBlocks(uint32_t target, const CUtensorMap *map,
                                                uint32_t barrier, int column, int row,
                                                uint16_t blocks) {
    asm volatile(
        "cp.async.bulk.tensor.2d.shared::cluster.global.mbarrier::complete_tx::bytes"
        ".multicast::cluster [%0], [%1, {%4, %5}], [%2], %3;" ::"r"(target),
        "l"(reinterpret_cast<uint64_t>(map)), "r"(barrier), "h"(blocks), "r"(column), "r"(row)
        : "memory");
}

/// A box of shared memory to a matrix, beginning at this column and row; what is outside the matrix
/// is left out. A group of its own for waitForReads, empty if not `stores`. No branch, after which
/// the compiler would take the warp for diverged.
__device__ __forceinline__ void storeBox(const CUtensorMap *map, uint32_t source, int column, int row,
                                         bool stores) {
    asm volatile(
        "{\n.reg .pred stores;\nsetp.ne.b32 stores, %4, 0;\n"
        "@stores cp.async.bulk.tensor.2d.global.shared::cta.bulk_group [%0, {%2, %3}], [%1];\n"
        "cp.async.bulk.commit_group;\n}" ::"l"(reinterpret_cast<uint64_t>(map)),
        "r"(source), "r"(column), "r"(row), "r"(static_cast<int>(stores))
        : "memory");
}

/// Until the sources of all but the thread's last `pending` stores have been read.
template <int pending>
__device__ __forceinline__ void waitForReads() {
    asm volatile("cp.async.bulk.wait_group.read %0;" ::"n"(pending) : "memory");
}

/// Until the thread's stores are in memory.
__device__ __forceinline__ void waitForStores() {
    asm volatile("cp.async.bulk.wait_group 0;" ::: "memory");
}

// Loads that stay where they are written, well before their values are used.

/// Two 16-bit elements that no kernel under way writes.
__device__ __forceinline__ uint32_t loadConstant(const void *pointer) {
    uint32_t v;
    asm volatile("ld.global.nc.u32 %0, [%1];" : "=r"(v) : "l"(pointer));
    return v;
}

__device__ __forceinline__ uint4 loadConstant4(const void *pointer) {
    uint4 v;
    asm volatile("ld.global.nc.v4.u32 {%0, %1, %2, %3}, [%4];"
                 : "=r"(v.x), "=r"(v.y), "=r"(v.z), "=r"(v.w)
                 : "l"(pointer));
    return v;
}

__device__ __forceinline__ int loadOrder(const int *pointer) {
    int v;
    asm volatile("ld.global.s32 %0, [%1];" : "=r"(v) : "l"(pointer) : "memory");
    return v;
}

__device__ __forceinline__ float4 loadSums(uint32_t address) {
    float4 v;
    asm volatile("ld.shared.v4.f32 {%0, %1, %2, %3}, [%4];"
                 : "=f"(v.x), "=f"(v.y), "=f"(v.z), "=f"(v.w)
                 : "r"(address)
                 : "memory");
    return v;
}

/// To a block of the cluster, and 8 bytes less for its barrier to expect; both are addresses that inBlock gave.
__device__ __forceinline__ void sendSums(uint32_t address, float x, float y, uint32_t barrier) {
    asm volatile(
        "st.async.weak.shared::cluster.mbarrier::complete_tx::bytes.v2.f32 [%0], {%1, %2}, [%3];" ::"r"(address),
        "f"(x), "f"(y), "r"(barrier)
        : "memory");
}

__device__ __forceinline__ uint4 loadShared(uint32_t address) {
    uint4 v;
    asm volatile("ld.shared.v4.u32 {%0, %1, %2, %3}, [%4];"
                 : "=r"(v.x), "=r"(v.y), "=r"(v.z), "=r"(v.w)
                 : "r"(address)
                 : "memory");
    return v;
}

/// Four 8×8 matrices of 16-bit elements; lane i gives the address of row i % 8 of matrix i / 8.
__device__ __forceinline__ void storeMatrices(uint32_t address, uint32_t a, uint32_t b, uint32_t c,
                                              uint32_t d) {
    asm volatile("stmatrix.sync.aligned.m8n8.x4.shared.b16 [%0], {%1, %2, %3, %4};" ::"r"(address),
                 "r"(a), "r"(b), "r"(c), "r"(d)
                 : "memory");
}

// --- Registers and matrix products ---------------------------------------------------------------

template <int registers>
__device__ __forceinline__ void giveRegisters() {
    asm volatile("setmaxnreg.dec.sync.aligned.u32 %0;" ::"n"(registers));
}

template <int registers>
__device__ __forceinline__ void takeRegisters() {
    asm volatile("setmaxnreg.inc.sync.aligned.u32 %0;" ::"n"(registers));
}

/// Describes a tile in shared memory, at a multiple of 1024 bytes, whose rows are 64 16-bit
/// elements along the depth, swizzled in 128 bytes: eight rows take 1024 bytes. Adding 2 moves it
/// 16 elements along the depth.
__device__ __forceinline__ uint64_t describe(uint32_t address) {
    return static_cast<uint64_t>((address & 0x3FFFF) >> 4) | uint64_t{1} << 16 |
           uint64_t{1024 >> 4} << 32 | uint64_t{1} << 62;
}

__device__ __forceinline__ void productFence() { asm volatile("wgmma.fence.sync.aligned;" ::: "memory"); }
__device__ __forceinline__ void productCommit() {
    asm volatile("wgmma.commit_group.sync.aligned;" ::: "memory");
}
template <int groups>
__device__ __forceinline__ void productWait() {
    asm volatile("wgmma.wait_group.sync.aligned %0;" ::"n"(groups) : "memory");
}

/// Keeps the compiler from moving reads and writes of the sums across.
template <int count>
__device__ __forceinline__ void pin(float (&sums)[count]) {
#pragma unroll
    for (int i = 0; i < count; ++i) asm volatile("" : "+f"(sums[i])::"memory");
}

#define ACM_OUT8(d, i)                                                                       \
    "+f"(d[i]), "+f"(d[i + 1]), "+f"(d[i + 2]), "+f"(d[i + 3]), "+f"(d[i + 4]), "+f"(d[i + 5]), \
        "+f"(d[i + 6]), "+f"(d[i + 7])
#define ACM_OUT32(d, i) ACM_OUT8(d, i), ACM_OUT8(d, i + 8), ACM_OUT8(d, i + 16), ACM_OUT8(d, i + 24)
#define ACM_NAMES32_0                                                                            \
    "%0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10, %11, %12, %13, %14, %15, %16, %17, %18, %19, " \
    "%20, %21, %22, %23, %24, %25, %26, %27, %28, %29, %30, %31"
#define ACM_NAMES32_1                                                                          \
    "%32, %33, %34, %35, %36, %37, %38, %39, %40, %41, %42, %43, %44, %45, %46, %47, %48, %49, " \
    "%50, %51, %52, %53, %54, %55, %56, %57, %58, %59, %60, %61, %62, %63"
#define ACM_NAMES32_2                                                                          \
    "%64, %65, %66, %67, %68, %69, %70, %71, %72, %73, %74, %75, %76, %77, %78, %79, %80, %81, " \
    "%82, %83, %84, %85, %86, %87, %88, %89, %90, %91, %92, %93, %94, %95"
#define ACM_NAMES32_3                                                                           \
    "%96, %97, %98, %99, %100, %101, %102, %103, %104, %105, %106, %107, %108, %109, %110, "    \
    "%111, %112, %113, %114, %115, %116, %117, %118, %119, %120, %121, %122, %123, %124, %125, " \
    "%126, %127"
#define ACM_PRODUCT(columns, type, names, a, b, p, ...)                                 \
    asm volatile("{\n.reg .pred adds;\nsetp.ne.b32 adds, " p ", 0;\n"                   \
                 "wgmma.mma_async.sync.aligned.m64n" columns "k16.f32." type "." type   \
                 " {" names "}, " a ", " b ", adds, 1, 1, 0, 0;\n}"                     \
                 : __VA_ARGS__                                                          \
                 : "l"(left), "l"(right), "r"(static_cast<int>(adds)))
#define ACM_PRODUCTS(type)                                                                        \
    if constexpr (count == 32)                                                                    \
        ACM_PRODUCT("64", type, ACM_NAMES32_0, "%32", "%33", "%34", ACM_OUT32(sums, 0));          \
    else if constexpr (count == 64)                                                               \
        ACM_PRODUCT("128", type, ACM_NAMES32_0 ", " ACM_NAMES32_1, "%64", "%65", "%66",           \
                    ACM_OUT32(sums, 0), ACM_OUT32(sums, 32));                                     \
    else if constexpr (count == 96)                                                               \
        ACM_PRODUCT("192", type, ACM_NAMES32_0 ", " ACM_NAMES32_1 ", " ACM_NAMES32_2, "%96",      \
                    "%97", "%98", ACM_OUT32(sums, 0), ACM_OUT32(sums, 32), ACM_OUT32(sums, 64));  \
    else                                                                                          \
        ACM_PRODUCT("256", type,                                                                  \
                    ACM_NAMES32_0 ", " ACM_NAMES32_1 ", " ACM_NAMES32_2 ", " ACM_NAMES32_3,       \
                    "%128", "%129", "%130", ACM_OUT32(sums, 0), ACM_OUT32(sums, 32),              \
                    ACM_OUT32(sums, 64), ACM_OUT32(sums, 96))

/// sums [64, 2 count] of a warpgroup = left [64, 16] · right [2 count, 16]ᵀ, plus sums if `adds`.
/// Thread t has columns 8 j + 2 (t % 4) + {0, 1} of rows 16 (t / 32) + t % 32 / 4 + {0, 8} in
/// sums[4 j + {0, 1}] and, of the second row, sums[4 j + {2, 3}].
template <typename T, int count>
__device__ __forceinline__ void product(float (&sums)[count], uint64_t left, uint64_t right,
                                        bool adds) {
    static_assert(count == 32 || count == 64 || count == 96 || count == 128);
    if constexpr (std::is_same_v<T, __nv_bfloat16>) {
        ACM_PRODUCTS("bf16");
    } else {
        ACM_PRODUCTS("f16");
    }
}

#undef ACM_OUT8
#undef ACM_OUT32
#undef ACM_NAMES32_0
#undef ACM_NAMES32_1
#undef ACM_NAMES32_2
#undef ACM_NAMES32_3
#undef ACM_PRODUCT
#undef ACM_PRODUCTS

}  // namespace acm::gated_mlp::cuda::sm90
