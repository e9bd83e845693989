#include "../../cpu/avx2.h"
#include "attend.h"

namespace acm::cpu::attention {
extern const Kernels avx2[] = {kernels<Precision::float32>(), kernels<Precision::bfloat16>()};
}
