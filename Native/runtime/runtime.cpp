#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <ATen/Version.h>
#include <torch/csrc/inductor/aoti_torch/c/shim.h>
#include <torch/version.h>

#include "boundary.h"

namespace {

/// Version of the libtorch that was loaded, which need not be the one that was compiled against.
int32_t loadedVersion() {
    uint64_t packed = aoti_torch_abi_version();
    auto byte = [packed](int shift) { return static_cast<int32_t>((packed >> shift) & 0xff); };
    return byte(56) * 10000 + byte(48) * 100 + byte(40);
}

constexpr int32_t compiledVersion = TORCH_VERSION_MAJOR * 10000 + TORCH_VERSION_MINOR * 100 +
                                    TORCH_VERSION_PATCH;

std::string text(int32_t version) {
    return std::to_string(version / 10000) + "." + std::to_string(version / 100 % 100);
}

}  // namespace

int32_t acm_runtime_open(int32_t interface_version) {
    return acm::guarded([&] {
        if (interface_version != ACM_INTERFACE_VERSION)
            throw acm::Unavailable("libacm.so has interface version " +
                                   std::to_string(ACM_INTERFACE_VERSION) + ", the program expects " +
                                   std::to_string(interface_version) + ": build both anew");
        int32_t loaded = loadedVersion();
        if (loaded / 100 != compiledVersion / 100)
            throw acm::Unavailable("libacm.so was built for libtorch " + text(compiledVersion) +
                                   " but found libtorch " + text(loaded) +
                                   ": build it anew with make native");
    });
}

int32_t acm_runtime_torch_version(int32_t *version) {
    return acm::guarded([&] {
        acm::require(version, "version");
        *version = loadedVersion();
    });
}

int32_t acm_runtime_torch_configuration(const char **description) {
    return acm::guarded([&] {
        acm::require(description, "description");
        static const auto *configuration = new std::string(at::show_config());
        *description = configuration->c_str();
    });
}

int32_t acm_runtime_cpu_capability(const char **name) {
    return acm::guarded([&] {
        acm::require(name, "name");
        static const auto *capability = new std::string(at::get_cpu_capability());
        *name = capability->c_str();
    });
}

int32_t acm_runtime_thread_count(int32_t *count) {
    return acm::guarded([&] {
        acm::require(count, "count");
        *count = at::get_num_threads();
    });
}

int32_t acm_runtime_set_thread_count(int32_t count) {
    return acm::guarded([&] {
        if (count < 1) throw acm::InvalidArgument("thread count must be at least 1");
        at::set_num_threads(count);
    });
}

int32_t acm_runtime_seed(uint64_t seed) {
    return acm::guarded([&] { at::manual_seed(seed); });
}
