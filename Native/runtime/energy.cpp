#include "energy.h"

#include <dlfcn.h>

#include "boundary.h"

namespace {

/// NVIDIA's management library, opened where the driver has put it: nothing links to it.
class ManagementLibrary {
public:
    ManagementLibrary() : library_(dlopen("libnvidia-ml.so.1", RTLD_NOW)) {
        if (library_ == nullptr) throw acm::Unavailable("NVML is not there: libnvidia-ml.so.1 cannot be opened");
        call<>("nvmlInit_v2");
    }

    template <typename... Arguments>
    void call(const char *name, Arguments... arguments) const {
        int status = function<int (*)(Arguments...)>(name)(arguments...);
        if (status == 0) return;
        const char *text = function<const char *(*)(int)>("nvmlErrorString")(status);
        throw acm::Unavailable(std::string("NVML's ") + name + " says: " + text);
    }

private:
    template <typename Function>
    Function function(const char *name) const {
        void *found = dlsym(library_, name);
        if (found == nullptr) throw acm::Unavailable(std::string("NVML has no function ") + name);
        return reinterpret_cast<Function>(found);
    }

    void *library_;
};

}  // namespace

namespace acm {

int64_t deviceEnergy(const std::string &busAddress) {
    static const auto *library = new ManagementLibrary();  // tried again after an exception
    void *device = nullptr;
    library->call("nvmlDeviceGetHandleByPciBusId_v2", busAddress.c_str(), &device);
    unsigned long long energy = 0;
    library->call("nvmlDeviceGetTotalEnergyConsumption", device, &energy);
    return static_cast<int64_t>(energy);
}

}  // namespace acm
