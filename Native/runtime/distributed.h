// What the files of the process groups share.
#pragma once

#include <chrono>
#include <torch/csrc/distributed/c10d/ProcessGroup.hpp>

#include "boundary.h"

struct acm_process_group {
    c10::intrusive_ptr<c10d::ProcessGroup> group;
    std::chrono::milliseconds timeout;
};

namespace acm {

/// Runs work that other processes take part in; what they spoil becomes ACM_LOST_PROCESS.
template <typename Body>
void together(const acm_process_group &group, Body &&body);

/// Throws `LostProcess` for an exception in flight that tells of another process, else rethrows.
/// Call only inside a catch block.
[[noreturn]] void rethrowLoss(std::chrono::milliseconds timeout);

template <typename Body>
void together(const acm_process_group &group, Body &&body) {
    try {
        body();
    } catch (...) {
        rethrowLoss(group.timeout);
    }
}

#ifdef USE_C10D_NCCL
c10::intrusive_ptr<c10d::Backend> makeNCCL(const c10::intrusive_ptr<c10d::Store> &store, int rank,
                                           int size, std::chrono::milliseconds timeout);
#endif

}  // namespace acm
