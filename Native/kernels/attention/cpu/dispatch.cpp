#include "../../cpu/instructions.h"
#include "../op.h"
#include "head.h"

namespace acm::cpu::attention {

#ifdef ACM_X86
extern const Kernels avx512Float32, avx512Bfloat16, avx2[];
#endif
extern const Kernels portable[];

const Kernels &kernels(Precision precision) {
    auto index = static_cast<int64_t>(precision);
#ifdef ACM_X86
    static const Kernels *avx512[] = {&avx512Float32, &avx512Bfloat16};
    switch (instructions(precision)) {
        case Instructions::avx512: return *avx512[index];
        case Instructions::avx2: return avx2[index];
        case Instructions::portable: break;
    }
#endif
    return portable[index];
}

}  // namespace acm::cpu::attention
