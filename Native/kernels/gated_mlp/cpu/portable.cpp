// All precisions in the compiler's vectors of 16 bytes: SSE2, NEON or whatever the target has.
#include "../../cpu/portable.h"
#include "tile.h"

namespace acm::cpu {
extern const Kernels portable[] = {kernels<Precision::float32>(), kernels<Precision::bfloat16>(),
                                   kernels<Precision::int8>()};
}
