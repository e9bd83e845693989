#pragma once

#include "rows.h"

namespace acm::cpu {

enum class Instructions : int64_t { portable, avx2, avx512 };

/// The most that this machine runs in a precision and libtorch would use: its ATEN_CPU_CAPABILITY lowers
/// ours too.
Instructions instructions(Precision precision);

}  // namespace acm::cpu
