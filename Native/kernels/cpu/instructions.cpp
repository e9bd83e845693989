#include "instructions.h"

#include <ATen/Version.h>

#include <string>

namespace acm::cpu {

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

Instructions detect(Precision precision) {
#ifdef ACM_X86
    std::string highest = at::get_cpu_capability();
    bool allowsAvx512 = highest.find("AVX512") == 0;
    bool allowsAvx2 = allowsAvx512 || highest.find("AVX2") == 0;
    if (allowsAvx512 && hasAvx512(precision)) return Instructions::avx512;
    if (allowsAvx2 && __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
        return Instructions::avx2;
#endif
    return Instructions::portable;
}

}  // namespace

Instructions instructions(Precision precision) {
    static const Instructions all[] = {detect(Precision::float32), detect(Precision::bfloat16),
                                       detect(Precision::int8)};
    return all[static_cast<int64_t>(precision)];
}

}  // namespace acm::cpu
