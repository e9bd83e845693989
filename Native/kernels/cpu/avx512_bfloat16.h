// bfloat16 with AVX-512's dot product of pairs.
#pragma once

#include <immintrin.h>

#include "word.h"

#define ACM_HAS_BFLOAT16
namespace {
constexpr int vectorBytes = 64;
}  // namespace

#include "vector.h"

namespace {

inline Halves toBfloat16(Floats x) { return (Halves)_mm512_cvtneps_pbh((__m512)x); }

template <>
struct Word<acm::cpu::Precision::bfloat16> {
    using Sums = Floats;
    static constexpr int rows = 12;
    static __m512bh weights(const char *from) { return (__m512bh)load<Ints>(from); }
    static __m512bh token(const char *from) {
        return (__m512bh)(Ints{} + word(from));
    }
    static void add(Floats &sums, __m512bh token, __m512bh weights) {
        sums = (Floats)_mm512_dpbf16_ps((__m512)sums, token, weights);
    }
};

}  // namespace
