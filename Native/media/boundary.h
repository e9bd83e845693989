// What every function of acm_media.h shares: statuses, and the wall that keeps C++ exceptions inside.
#pragma once

#include <acm_media.h>

#include <stdexcept>
#include <string>

namespace acm::media {

/// A refusal with its status and message.
struct Refusal : std::runtime_error {
    int32_t status;
    Refusal(int32_t status, const std::string &message) : std::runtime_error(message), status(status) {}
};

[[noreturn]] inline void refuseArgument(const std::string &message) {
    throw Refusal(ACM_INVALID_ARGUMENT, message);
}
[[noreturn]] inline void refuseUnknown(const std::string &found) {
    throw Refusal(ACM_MEDIA_UNKNOWN, found);
}
[[noreturn]] inline void refuseDamaged(const std::string &found) {
    throw Refusal(ACM_MEDIA_DAMAGED, found);
}
[[noreturn]] inline void refuseTooLarge(const std::string &found) {
    throw Refusal(ACM_MEDIA_TOO_LARGE, found);
}

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
    if (pointer == nullptr) refuseArgument(std::string(what) + " is null");
}

}  // namespace acm::media
