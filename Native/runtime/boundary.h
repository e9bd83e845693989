// What every function of the C interface shares: handles, statuses, and the wall that keeps
// C++ exceptions inside.
#pragma once

#include <ATen/core/Tensor.h>
#include <acm.h>

#include <string>

namespace acm {

/// The caller's mistake; becomes ACM_INVALID_ARGUMENT.
struct InvalidArgument : std::runtime_error {
    using std::runtime_error::runtime_error;
};

/// Something that is not there; becomes ACM_UNAVAILABLE.
struct Unavailable : std::runtime_error {
    using std::runtime_error::runtime_error;
};

/// Another process of a group that is gone or late; becomes ACM_LOST_PROCESS.
struct LostProcess : std::runtime_error {
    using std::runtime_error::runtime_error;
};

/// Turns the exception in flight into a status and a message. Call only inside a catch block.
int32_t failure() noexcept;

/// Runs `body` and returns its status.
template <typename Body>
int32_t guarded(Body &&body) noexcept {
    try {
        body();
        return ACM_OK;
    } catch (...) {
        return failure();
    }
}

/// Throws when a required pointer is null.
inline void require(const void *pointer, const char *what) {
    if (pointer == nullptr) throw InvalidArgument(std::string(what) + " is null");
}

/// A new handle that holds one reference; counted as live until it is freed.
acm_tensor *wrap(at::Tensor tensor);

/// The tensor behind a handle, with a reference of its own.
at::Tensor unwrap(const acm_tensor *handle);

c10::ScalarType scalarType(int32_t code);
c10::Device device(int32_t type, int32_t index);

}  // namespace acm
