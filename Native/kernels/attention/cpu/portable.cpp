#include "../../cpu/portable.h"
#include "attend.h"

namespace acm::cpu::attention {
extern const Kernels portable[] = {kernels<Precision::float32>(), kernels<Precision::bfloat16>()};
}
