// All precisions with AVX2 and its fused multiply-add.
#include "../../cpu/avx2.h"
#include "tile.h"

namespace acm::cpu {
extern const Kernels avx2[] = {kernels<Precision::float32>(), kernels<Precision::bfloat16>(),
                               kernels<Precision::int8>()};
}
