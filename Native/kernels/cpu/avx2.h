// All precisions with AVX2 and its fused multiply-add.
#pragma once

#include <immintrin.h>

#include "word.h"

namespace {
constexpr int vectorBytes = 32;
}  // namespace

#include "vector.h"

namespace {

inline Floats multiplyAdd(Floats a, Floats b, Floats sum) {
    return (Floats)_mm256_fmadd_ps((__m256)a, (__m256)b, (__m256)sum);
}

}  // namespace

#include "bfloat16_pair.h"

namespace {

template <>
struct Word<acm::cpu::Precision::float32> {
    using Sums = Floats;
    static constexpr int rows = 6;
    static Floats weights(const char *from) { return load<Floats>(from); }
    static Floats token(const char *from) { return all(*reinterpret_cast<const float *>(from)); }
    static void add(Floats &sums, Floats token, Floats weights) {
        sums = multiplyAdd(token, weights, sums);
    }
};

/// The four numbers of a word as int16: AVX2's product of bytes would saturate.
struct Quad {
    __m256i even, odd;
};

template <>
struct Word<acm::cpu::Precision::int8> {
    using Sums = Ints;
    static constexpr int rows = 4;
    static Quad weights(const char *from) {
        __m256i bytes = (__m256i)load<Ints>(from);
        return {_mm256_srai_epi16(_mm256_slli_epi16(bytes, 8), 8), _mm256_srai_epi16(bytes, 8)};
    }
    static Quad token(const char *from) {
        __m256i bytes = _mm256_set1_epi32(word(from));
        return {_mm256_and_si256(bytes, _mm256_set1_epi16(0xff)), _mm256_srli_epi16(bytes, 8)};
    }
    static void add(Ints &sums, Quad token, Quad weights) {
        sums += (Ints)_mm256_madd_epi16(token.even, weights.even);
        sums += (Ints)_mm256_madd_epi16(token.odd, weights.odd);
    }
};

}  // namespace
