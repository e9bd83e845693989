#include <ATen/Context.h>
#include <c10/core/CachingDeviceAllocator.h>
#include <c10/core/impl/DeviceGuardImplInterface.h>
#include <dlfcn.h>

#include "boundary.h"
#include "energy.h"

namespace {

/// Number of devices of a type; 0 where libtorch has no such backend.
int32_t deviceCount(c10::DeviceType type) {
    if (type == c10::DeviceType::CPU) return 1;
    return c10::impl::hasDeviceGuardImpl(type) ? c10::impl::getDeviceGuardImpl(type)->deviceCount()
                                               : 0;
}

c10::Device existing(int32_t type, int32_t index) {
    c10::Device device = acm::device(type, index);
    int32_t count = deviceCount(device.type());
    if (index >= count)
        throw acm::Unavailable("device " + c10::DeviceTypeName(device.type(), true) + ":" +
                               std::to_string(index) + " does not exist; found " +
                               std::to_string(count) + " of this type");
    return device;
}

/// What the driver says of an NVIDIA device in a function of the form `(text, capacity, device)`, asked
/// for without linking CUDA.
std::string cudaText(const char *function, int32_t index) {
    auto symbol = [library = dlopen("libcuda.so.1", RTLD_NOW)](const char *name) {
        void *function = library == nullptr ? nullptr : dlsym(library, name);
        if (function == nullptr) throw acm::Unavailable("the NVIDIA driver cannot be asked");
        return function;
    };
    auto initialise = reinterpret_cast<int (*)(unsigned)>(symbol("cuInit"));
    auto get = reinterpret_cast<int (*)(int *, int)>(symbol("cuDeviceGet"));
    auto describe = reinterpret_cast<int (*)(char *, int, int)>(symbol(function));
    char text[256] = "";
    int device = 0;
    if (initialise(0) != 0 || get(&device, index) != 0 || describe(text, sizeof text, device) != 0)
        throw acm::Unavailable(std::string("the NVIDIA driver's ") + function + " failed");
    return text;
}

}  // namespace

int32_t acm_device_count(int32_t type, int32_t *count) {
    return acm::guarded([&] {
        acm::require(count, "count");
        *count = deviceCount(acm::device(type, 0).type());
    });
}

int32_t acm_device_name(int32_t type, int32_t index, char *name, int32_t capacity) {
    return acm::guarded([&] {
        acm::require(name, "name");
        if (capacity < 1) throw acm::InvalidArgument("capacity is less than 1");
        c10::Device device = existing(type, index);
        std::string text = device.is_cuda() ? cudaText("cuDeviceGetName", index) : "cpu";
        text.resize(std::min(text.size(), static_cast<size_t>(capacity) - 1));
        std::copy_n(text.c_str(), text.size() + 1, name);
    });
}

int32_t acm_device_synchronize(int32_t type, int32_t index) {
    return acm::guarded([&] {
        c10::Device device = existing(type, index);
        if (device.is_cpu()) return;
        c10::impl::getDeviceGuardImpl(device.type())->synchronizeDevice(device.index());
    });
}

int32_t acm_device_memory(int32_t type, int32_t index, int64_t *used, int64_t *reserved,
                          int64_t *peak) {
    return acm::guarded([&] {
        acm::require(used, "used");
        acm::require(reserved, "reserved");
        acm::require(peak, "peak");
        c10::Device device = existing(type, index);
        if (device.is_cpu()) throw acm::Unavailable("host memory is not counted by libtorch");
        at::globalContext().lazyInitDevice(device.type());
        auto statistics = c10::getDeviceAllocator(device.type())->getDeviceStats(device.index());
        constexpr auto all = static_cast<size_t>(c10::CachingAllocator::StatType::AGGREGATE);
        *used = statistics.allocated_bytes[all].current;
        *reserved = statistics.reserved_bytes[all].current;
        *peak = statistics.allocated_bytes[all].peak;
    });
}

int32_t acm_device_reset_peak_memory(int32_t type, int32_t index) {
    return acm::guarded([&] {
        c10::Device device = existing(type, index);
        if (device.is_cpu()) throw acm::Unavailable("host memory is not counted by libtorch");
        at::globalContext().lazyInitDevice(device.type());
        c10::getDeviceAllocator(device.type())->resetPeakStats(device.index());
    });
}

int32_t acm_device_energy(int32_t type, int32_t index, int64_t *millijoules) {
    return acm::guarded([&] {
        acm::require(millijoules, "millijoules");
        c10::Device device = existing(type, index);
        if (device.is_cpu()) throw acm::Unavailable("NVML tells the energy of NVIDIA devices alone");
        *millijoules = acm::deviceEnergy(cudaText("cuDeviceGetPCIBusId", index));
    });
}
