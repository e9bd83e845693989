#include <ATen/ATen.h>
#include <c10/core/DeviceGuard.h>
#include <c10/core/Event.h>
#include <c10/core/StreamGuard.h>
#include <c10/core/impl/VirtualGuardImpl.h>

#include <map>
#include <mutex>

#include "boundary.h"

namespace {

/// One stream for each device, so that its allocator keeps one pool of memory for what is copied.
c10::Stream copyStream(c10::Device device) {
    static std::mutex mutex;
    static auto *streams = new std::map<c10::DeviceIndex, c10::Stream>();
    std::lock_guard<std::mutex> lock(mutex);
    auto found = streams->find(device.index());
    if (found == streams->end()) {
        c10::impl::VirtualGuardImpl guard(device.type());
        found = streams->emplace(device.index(), guard.getStreamFromGlobalPool(device)).first;
    }
    return found->second;
}

}  // namespace

int32_t acm_tensor_copy_aside(const acm_tensor *tensor, int32_t device_type, int32_t device_index,
                              acm_tensor **result) {
    return acm::guarded([&] {
        acm::require(result, "result");
        at::Tensor source = acm::unwrap(tensor);
        c10::Device device = acm::device(device_type, device_index);
        if (device.is_cpu()) {
            *result = acm::wrap(source.to(device));
            return;
        }
        if (!c10::impl::hasDeviceGuardImpl(device.type()))
            throw acm::Unavailable("libtorch has no backend for " + device.str());
        c10::impl::VirtualGuardImpl guard(device.type());
        if (device.index() >= guard.deviceCount())
            throw acm::Unavailable("device " + device.str() + " does not exist");
        at::globalContext().lazyInitDevice(device.type());
        c10::DeviceGuard onDevice(device);
        c10::Stream home = guard.getStream(device);
        at::Tensor copy;
        c10::Event copied(device.type());
        {
            c10::StreamGuard aside(copyStream(device));
            copy = source.to(device, /*non_blocking=*/true);
            copied.record(aside.current_stream());
        }
        copied.block(home);
        copy.record_stream(home);
        *result = acm::wrap(std::move(copy));
    });
}
