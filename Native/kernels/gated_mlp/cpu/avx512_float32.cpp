// float32 with AVX-512.
#include "../../cpu/avx512_float32.h"
#include "tile.h"

namespace acm::cpu {
extern const Kernels avx512Float32 = kernels<Precision::float32>();
}
