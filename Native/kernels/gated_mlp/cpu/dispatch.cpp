#include <ATen/Version.h>

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
    std::string highest = at::get_cpu_capability();
    bool allowsAvx512 = highest.find("AVX512") == 0;
    bool allowsAvx2 = allowsAvx512 || highest.find("AVX2") == 0;
    if (allowsAvx512 && hasAvx512(precision)) {
        const Kernels *all[] = {&avx512Float32, &avx512Bfloat16, &avx512Int8};
        return *all[index];
    }
    if (allowsAvx2 && __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
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
