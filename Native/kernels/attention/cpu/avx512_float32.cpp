#include "../../cpu/avx512_float32.h"
#include "attend.h"

namespace acm::cpu::attention {
extern const Kernels avx512Float32 = kernels<Precision::float32>();
}
