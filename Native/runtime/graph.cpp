// CUDA graphs: what some work gives to a device is recorded once and launched as a whole.

#include "boundary.h"

#ifdef ACM_CUDA_GRAPHS

#include <ATen/cuda/CUDAGraph.h>
#include <c10/cuda/CUDAGuard.h>

/// The graph, and whose memory it writes to.
struct acm_graph {
    at::cuda::CUDAGraph graph;
    decltype(at::cuda::graph_pool_handle()) pool = at::cuda::graph_pool_handle();
    c10::DeviceIndex device;

    explicit acm_graph(c10::DeviceIndex device) : device(device) {}
};

namespace {

/// Ends a recording that failed. The allocator must hear of it even where CUDA has given the recording up, and
/// libtorch then does not tell it.
void abandon(acm_graph &recorded) noexcept {
    try {
        recorded.graph.capture_end();
        return;
    } catch (...) {
    }
    try {
        c10::cuda::CUDACachingAllocator::endAllocateToPool(recorded.device, recorded.pool);
        c10::cuda::CUDACachingAllocator::releasePool(recorded.device, recorded.pool);
    } catch (...) {
    }
}

}  // namespace

int32_t acm_graph_capture(int32_t device_type, int32_t device_index, int32_t warm_up_count, acm_work run,
                          void *context, acm_graph **result) {
    return acm::guarded([&] {
        if (run == nullptr) throw acm::InvalidArgument("run is null");
        acm::require(result, "result");
        c10::Device device = acm::device(device_type, device_index);
        if (!device.is_cuda()) throw acm::Unavailable("graphs are of CUDA devices, found " + device.str());
        int count = c10::cuda::device_count();
        if (device.index() >= count)
            throw acm::Unavailable("device " + device.str() + " does not exist; found " +
                                   std::to_string(count) + " of this type");
        c10::cuda::CUDAGuard onDevice(device);
        c10::cuda::CUDAStream home = c10::cuda::getCurrentCUDAStream(device.index());
        c10::cuda::CUDAStream aside = c10::cuda::getStreamFromPool(false, device.index());
        // Also lets what was freed be used again by the recording.
        home.synchronize();
        auto recorded = std::make_unique<acm_graph>(device.index());
        {
            c10::cuda::CUDAStreamGuard guard(aside);
            for (int32_t time = 0; time < warm_up_count; ++time)
                if (!run(context, false)) throw std::runtime_error("the work to record failed");
            aside.synchronize();
            recorded->graph.capture_begin(recorded->pool, cudaStreamCaptureModeThreadLocal);
            bool succeeded = false;
            try {
                succeeded = run(context, true);
            } catch (...) {
            }
            if (!succeeded) {
                abandon(*recorded);
                throw std::runtime_error("the work to record failed");
            }
            try {
                recorded->graph.capture_end();
            } catch (...) {
                abandon(*recorded);
                throw;
            }
        }
        *result = recorded.release();
    });
}

int32_t acm_graph_replay(acm_graph *graph) {
    return acm::guarded([&] {
        acm::require(graph, "graph");
        graph->graph.replay();
    });
}

int32_t acm_graph_free(acm_graph *graph) {
    return acm::guarded([&] { delete graph; });
}

#else

namespace {

[[noreturn]] void refuse() {
    throw acm::Unavailable("this libacm.so was built without CUDA graphs: that needs a libtorch with CUDA, and "
                           "CUDA's headers; see scripts/build-native --cuda");
}

}  // namespace

int32_t acm_graph_capture(int32_t, int32_t, int32_t, acm_work, void *, acm_graph **) {
    return acm::guarded(refuse);
}

int32_t acm_graph_replay(acm_graph *) { return acm::guarded(refuse); }

int32_t acm_graph_free(acm_graph *) { return acm::guarded([] {}); }

#endif
