#include "boundary.h"

#include <c10/util/Exception.h>

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

namespace acm {

int32_t failure() noexcept {
    try {
        throw;
    } catch (const InvalidArgument &error) {
        return remember(ACM_INVALID_ARGUMENT, error.what());
    } catch (const Unavailable &error) {
        return remember(ACM_UNAVAILABLE, error.what());
    } catch (const LostProcess &error) {
        return remember(ACM_LOST_PROCESS, error.what());
    } catch (const std::bad_alloc &) {
        return remember(ACM_OUT_OF_MEMORY, "out of host memory");
    } catch (const c10::OutOfMemoryError &error) {
        return remember(ACM_OUT_OF_MEMORY, error.what_without_backtrace());
    } catch (const c10::Error &error) {
        // libtorch's host allocator reports exhaustion as a plain error.
        const char *text = error.what_without_backtrace();
        bool exhausted = std::string_view(text).find("DefaultCPUAllocator") != std::string_view::npos;
        return remember(exhausted ? ACM_OUT_OF_MEMORY : ACM_FAILURE, text);
    } catch (const std::exception &error) {
        return remember(ACM_FAILURE, error.what());
    } catch (...) {
        return remember(ACM_FAILURE, "an unknown C++ exception");
    }
}

c10::ScalarType scalarType(int32_t code) {
    switch (code) {
        case ACM_UINT8:
        case ACM_INT8:
        case ACM_INT16:
        case ACM_INT32:
        case ACM_INT64:
        case ACM_FLOAT16:
        case ACM_FLOAT32:
        case ACM_FLOAT64:
        case ACM_BOOL:
        case ACM_BFLOAT16:
            return static_cast<c10::ScalarType>(code);
        default:
            throw InvalidArgument("unknown scalar type " + std::to_string(code));
    }
}

c10::Device device(int32_t type, int32_t index) {
    if (type != ACM_CPU && type != ACM_CUDA)
        throw InvalidArgument("unknown device type " + std::to_string(type));
    if (index < 0 || index > 127)
        throw InvalidArgument("device index " + std::to_string(index) + " is not in 0...127");
    // libtorch's CPU tensors carry no index.
    auto deviceIndex = static_cast<c10::DeviceIndex>(type == ACM_CPU ? -1 : index);
    return c10::Device(static_cast<c10::DeviceType>(type), deviceIndex);
}

}  // namespace acm

const char *acm_error_message(void) { return lastMessage.c_str(); }
