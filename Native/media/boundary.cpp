#include "boundary.h"

#include <cstdlib>
#include <new>

namespace {
thread_local std::string lastMessage;

int32_t remember(int32_t status, const char *message) noexcept {
    try {
        lastMessage = message;
    } catch (...) {
        lastMessage.clear();
    }
    return status;
}
}  // namespace

namespace acm::media {

int32_t failure() noexcept {
    try {
        throw;
    } catch (const Refusal &error) {
        return remember(error.status, error.what());
    } catch (const std::bad_alloc &) {
        return remember(ACM_OUT_OF_MEMORY, "out of host memory");
    } catch (const std::exception &error) {
        return remember(ACM_FAILURE, error.what());
    } catch (...) {
        return remember(ACM_FAILURE, "an unknown C++ exception");
    }
}

}  // namespace acm::media

const char *acm_media_error_message(void) { return lastMessage.c_str(); }

int32_t acm_media_open(int32_t interface_version) {
    return acm::media::guarded([&] {
        if (interface_version != ACM_MEDIA_INTERFACE_VERSION)
            throw acm::media::Refusal(
                ACM_UNAVAILABLE, "it has interface version " + std::to_string(ACM_MEDIA_INTERFACE_VERSION) +
                                     ", the program needs " + std::to_string(interface_version));
    });
}

int32_t acm_media_free(void *memory) {
    std::free(memory);
    return ACM_OK;
}
