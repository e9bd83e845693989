#include <cstdlib>
#include <cstring>

#include "packed.h"

namespace acm::cpu {

#ifdef ACM_X86
extern const Kernels avx512Float32, avx512Bfloat16, avx512Int8, avx2[];
#endif
extern const Kernels portable[];

namespace {

#ifdef ACM_X86
bool hasAvx512(Precision precision) {
    bool base = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
    switch (precision) {
        case Precision::float32: return base;
        case Precision::bfloat16: return base && __builtin_cpu_supports("avx512bf16");
        case Precision::int8: return base && __builtin_cpu_supports("avx512vnni");
    }
    return false;
}
#endif

const Kernels &choose(Precision precision) {
    auto index = static_cast<int64_t>(precision);
#ifdef ACM_X86
    const char *asked = std::getenv("ACM_CPU");
    bool onlyPortable = asked != nullptr && std::strcmp(asked, "portable") == 0;
    bool onlyAvx2 = asked != nullptr && std::strcmp(asked, "avx2") == 0;
    if (!onlyPortable && !onlyAvx2 && hasAvx512(precision)) {
        const Kernels *all[] = {&avx512Float32, &avx512Bfloat16, &avx512Int8};
        return *all[index];
    }
    if (!onlyPortable && __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
        return avx2[index];
#endif
    return portable[index];
}

}  // namespace

const Kernels &kernels(Precision precision) {
    static const Kernels *all[] = {&choose(Precision::float32), &choose(Precision::bfloat16),
                                   &choose(Precision::int8)};
    return *all[static_cast<int64_t>(precision)];
}

}  // namespace acm::cpu
