// int8 with AVX-512's dot product of four.
#include <immintrin.h>

#include "../../cpu/word.h"

namespace {
constexpr int vectorBytes = 64;
}  // namespace

#include "../../cpu/vector.h"

namespace {

template <>
struct Word<acm::cpu::Precision::int8> {
    using Sums = Ints;
    static constexpr int rows = 12;
    static Ints weights(const char *from) { return load<Ints>(from); }
    static Ints token(const char *from) { return Ints{} + word(from); }
    static void add(Ints &sums, Ints token, Ints weights) {
        sums = (Ints)_mm512_dpbusd_epi32((__m512i)sums, (__m512i)token, (__m512i)weights);
    }
};

}  // namespace

#include "tile.h"

namespace acm::cpu {
extern const Kernels avx512Int8 = kernels<Precision::int8>();
}
