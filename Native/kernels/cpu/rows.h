// What the kernels for CPUs share. The files that are compiled for one instruction set include this, so
// it uses nothing of C++'s or libtorch's headers: an inline function of theirs compiled for AVX-512 could
// take the place of the same function everywhere else.
#pragma once

#include <stdint.h>

namespace acm::cpu {

/// What products are computed in.
enum class Precision : int64_t { float32, bfloat16, int8 };

constexpr int64_t lineBytes = 64;  // of the cache, and of the longest vector

static inline int64_t multipleAbove(int64_t value, int64_t of) { return (value + of - 1) / of * of; }

/// Rows of numbers in the caller's memory.
struct Rows {
    const void *data;
    int64_t stride;  // in elements
    bool bfloat16;   // else float32
};

}  // namespace acm::cpu
