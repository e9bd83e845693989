// What the kernels of an instruction set take and provide. See rows.h for what may be included.
#pragma once

#include "../../cpu/rows.h"

namespace acm::cpu::attention {

/// One head of one sample, or some queries of it. Rows point to the head's first number.
struct Head {
    Rows query, key, value, output;
    int64_t queries, keys, width;  // keys at least 1
    float scale;                   // of the scores, times log₂ e
    const float *bias;             // [keys], added to the scores, times log₂ e; may be null
};

struct Kernels {
    /// Bytes that `run` needs, from a multiple of lineBytes on.
    int64_t (*room)(int64_t keys, int64_t width);
    void (*run)(const Head &, char *room);
};

}  // namespace acm::cpu::attention
