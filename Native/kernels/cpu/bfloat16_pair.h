// bfloat16 without a dot product of its own: a word is widened to two float32. After vector.h, and a `multiplyAdd`.
#pragma once

#include "word.h"

namespace {

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

}  // namespace
