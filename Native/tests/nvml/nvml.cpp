// A library of NVML's name, with one device that takes 1500 mJ from one look to the next.

#include <cstring>

extern "C" {

int nvmlInit_v2() { return 0; }

const char *nvmlErrorString(int status) { return status == 6 ? "Not Found" : "Unknown Error"; }

int nvmlDeviceGetHandleByPciBusId_v2(const char *address, void **device) {
    static int only;
    if (std::strcmp(address, "0000:19:00.0") != 0) return 6;
    *device = &only;
    return 0;
}

int nvmlDeviceGetTotalEnergyConsumption(void *device, unsigned long long *energy) {
    static unsigned long long total = 5000000000;  // more than 32 bits hold
    *energy = total += 1500;
    return device == nullptr ? 2 : 0;
}
}
