// float32 with AVX-512.
#pragma once

#include <immintrin.h>

#include "word.h"

namespace {
constexpr int vectorBytes = 64;
}  // namespace

#include "vector.h"

namespace {

template <>
struct Word<acm::cpu::Precision::float32> {
    using Sums = Floats;
    static constexpr int rows = 12;
    static Floats weights(const char *from) { return load<Floats>(from); }
    static Floats token(const char *from) { return all(*reinterpret_cast<const float *>(from)); }
    static void add(Floats &sums, Floats token, Floats weights) {
        sums = (Floats)_mm512_fmadd_ps((__m512)token, (__m512)weights, (__m512)sums);
    }
};

}  // namespace
