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

inline int32_t word(const char *from) { return *reinterpret_cast<const int32_t *>(from); }

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

/// The two numbers of a word as float32, whose upper half bfloat16 is.
struct Pair {
    Floats even, odd;
};

template <>
struct Word<acm::cpu::Precision::bfloat16> {
    using Sums = Floats;
    static constexpr int rows = 4;
    static Pair pair(Ints words) {
        return {(Floats)(words << 16), (Floats)(words & static_cast<int32_t>(0xffff0000))};
    }
    static Pair weights(const char *from) { return pair(load<Ints>(from)); }
    static Pair token(const char *from) { return pair(Ints{} + word(from)); }
    static void add(Floats &sums, Pair token, Pair weights) {
        sums = multiplyAdd(token.even, weights.even, sums);
        sums = multiplyAdd(token.odd, weights.odd, sums);
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
