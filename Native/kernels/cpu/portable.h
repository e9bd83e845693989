// All precisions in the compiler's vectors of 16 bytes: SSE2, NEON or whatever the target has.
#pragma once

#include "word.h"

namespace {
constexpr int vectorBytes = 16;
}  // namespace

#include "vector.h"

namespace {

inline Floats multiplyAdd(Floats a, Floats b, Floats sum) { return sum + a * b; }

}  // namespace

#include "bfloat16_pair.h"

namespace {

template <>
struct Word<acm::cpu::Precision::float32> {
    using Sums = Floats;
    static constexpr int rows = 4;
    static Floats weights(const char *from) { return load<Floats>(from); }
    static Floats token(const char *from) { return all(*reinterpret_cast<const float *>(from)); }
    static void add(Floats &sums, Floats token, Floats weights) {
        sums = multiplyAdd(token, weights, sums);
    }
};

template <>
struct Word<acm::cpu::Precision::int8> {
    using Sums = Ints;
    static constexpr int rows = 4;
    static Ints weights(const char *from) { return load<Ints>(from); }
    static Ints token(const char *from) { return Ints{} + word(from); }
    static void add(Ints &sums, Ints token, Ints weights) {
        // Tokens are 0 ... 255, weights -127 ... 127.
        for (int shift = 24; shift >= 0; shift -= 8)
            sums += (token >> (24 - shift) & 0xff) * ((Ints)((Words)weights << shift) >> 24);
    }
};

}  // namespace
