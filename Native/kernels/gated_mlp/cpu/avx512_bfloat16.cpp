// bfloat16 with AVX-512's dot product of pairs.
#include "../../cpu/avx512_bfloat16.h"
#include "tile.h"

namespace acm::cpu {
extern const Kernels avx512Bfloat16 = kernels<Precision::bfloat16>();
}
