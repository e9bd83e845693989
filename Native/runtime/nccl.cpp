// The part of the process groups that needs CUDA's and NCCL's headers; see distributed.cpp.

#include <cstdlib>
#include <torch/csrc/distributed/c10d/ProcessGroupNCCL.hpp>

#include "distributed.h"

namespace acm {

c10::intrusive_ptr<c10d::Backend> makeNCCL(const c10::intrusive_ptr<c10d::Store> &store, int rank,
                                           int size, std::chrono::milliseconds timeout) {
    // Its watchdog would end the process when another is late or gone. Told so, it only ends the
    // communication; the error comes from the next exchange on the host. The user's words stand.
    setenv("TORCH_NCCL_ASYNC_ERROR_HANDLING", "2", 0);
    setenv("TORCH_NCCL_ENABLE_MONITORING", "0", 0);
    setenv("TORCH_NCCL_DUMP_ON_TIMEOUT", "0", 0);
    auto options = c10d::ProcessGroupNCCL::Options::create();
    options->timeout = timeout;
    return c10::make_intrusive<c10d::ProcessGroupNCCL>(store, rank, size, std::move(options));
}

}  // namespace acm
