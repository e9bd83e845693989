// Programmatic dependent launch: a kernel may start while the one before it in the stream ends. Before
// Hopper both are nothing.
//
// Every thread of every kernel waits before it touches memory that another kernel may write, so that
// the end of one kernel is the end of all before it.
#pragma once

namespace acm::gpu {

/// From here on the next kernel may start.
__device__ __forceinline__ void allowNextKernel() {
#if __CUDA_ARCH__ >= 900
    asm volatile("griddepcontrol.launch_dependents;" ::: "memory");
#endif
}

/// Until the kernel before has ended, and its results can be read.
__device__ __forceinline__ void waitForPreviousKernel() {
#if __CUDA_ARCH__ >= 900
    asm volatile("griddepcontrol.wait;" ::: "memory");
#endif
}

}  // namespace acm::gpu
