#include "../../cpu/avx512_bfloat16.h"
#include "attend.h"

namespace acm::cpu::attention {
extern const Kernels avx512Bfloat16 = kernels<Precision::bfloat16>();
}
