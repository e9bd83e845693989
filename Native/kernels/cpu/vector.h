// Vectors of `vectorBytes` bytes, which the including file defines, through the compiler's vector
// extensions. Everything has internal linkage: each instruction set has its own.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "rows.h"

namespace {

constexpr int64_t lanes = vectorBytes / 4;
typedef float Floats __attribute__((vector_size(vectorBytes)));
typedef int32_t Ints __attribute__((vector_size(vectorBytes)));
typedef uint32_t Words __attribute__((vector_size(vectorBytes)));
typedef uint16_t Halves __attribute__((vector_size(vectorBytes / 2)));
typedef uint8_t Bytes __attribute__((vector_size(vectorBytes / 4)));

template <typename Vector>
inline Vector load(const void *from) {
    Vector vector;
    __builtin_memcpy(&vector, from, sizeof vector);
    return vector;
}

template <typename Vector>
inline void store(void *to, Vector vector) {
    __builtin_memcpy(to, &vector, sizeof vector);
}

inline Floats all(float value) { return value - Floats{}; }  // exact for -0 too

inline Floats fromBfloat16(Halves halves) {
    return (Floats)(__builtin_convertvector(halves, Words) << 16);
}

inline Halves toBfloat16(Floats x);  // may be an instruction of the including file's

#ifndef ACM_HAS_BFLOAT16
/// Rounds to the nearest, ties to even; a NaN stays one.
inline Halves toBfloat16(Floats x) {
    Words bits = (Words)x;
    Words rounded = (bits + 0x7fff + ((bits >> 16) & 1)) >> 16;
    Words quiet = (bits >> 16) | 0x40;
    Words number = (Words)(x == x);
    return __builtin_convertvector((rounded & number) | (quiet & ~number), Halves);
}
#endif

/// Fetches `count` numbers from `column` on of a row, which the processor does not foresee where rows lie anywhere.
inline void prefetchRow(const acm::cpu::Rows &rows, int64_t row, int64_t column, int64_t count) {
    if (count <= 0) return;
    int64_t bytes = rows.bfloat16 ? 2 : 4;
    auto start = static_cast<const char *>(rows.data) + (row * rows.stride + column) * bytes;
    for (int64_t at = 0; at < count * bytes; at += acm::cpu::lineBytes) __builtin_prefetch(start + at);
}

/// `count` numbers from `column` on of a row, and zeros after them.
inline Floats loadRow(const acm::cpu::Rows &rows, int64_t row, int64_t column, int64_t count) {
    if (count <= 0) return Floats{};
    int64_t at = row * rows.stride + column;
    if (rows.bfloat16) {
        auto from = static_cast<const uint16_t *>(rows.data) + at;
        if (count >= lanes) return fromBfloat16(load<Halves>(from));
        Halves some = {};
        __builtin_memcpy(&some, from, static_cast<size_t>(count) * 2);
        return fromBfloat16(some);
    }
    auto from = static_cast<const float *>(rows.data) + at;
    if (count >= lanes) return load<Floats>(from);
    Floats some = {};
    __builtin_memcpy(&some, from, static_cast<size_t>(count) * 4);
    return some;
}

inline void storeRow(const acm::cpu::Rows &rows, int64_t row, int64_t column, int64_t count, Floats x) {
    int64_t at = row * rows.stride + column;
    if (rows.bfloat16) {
        auto to = static_cast<uint16_t *>(const_cast<void *>(rows.data)) + at;
        Halves halves = toBfloat16(x);
        __builtin_memcpy(to, &halves, static_cast<size_t>(count >= lanes ? lanes : count) * 2);
    } else {
        auto to = static_cast<float *>(const_cast<void *>(rows.data)) + at;
        __builtin_memcpy(to, &x, static_cast<size_t>(count >= lanes ? lanes : count) * 4);
    }
}

/// e to the power of x, to one or two roundings. A NaN stays one.
inline Floats exponential(Floats x) {
    x = x < -87.0f ? all(-87.0f) : x;
    x = x > 88.0f ? all(88.0f) : x;
    // x = whole · ln 2 + rest; adding 1.5 · 2²³ rounds to a whole number in the low bits.
    Floats shifted = x * 1.44269504088896341f + 12582912.0f;
    Floats whole = shifted - 12582912.0f;
    Floats rest = x - whole * 0.693359375f + whole * 2.12194440e-4f;
    Floats y = all(1.9875691500e-4f);
    y = y * rest + 1.3981999507e-3f;
    y = y * rest + 8.3334519073e-3f;
    y = y * rest + 4.1665795894e-2f;
    y = y * rest + 1.6666665459e-1f;
    y = y * rest + 5.0000001201e-1f;
    y = y * (rest * rest) + rest + 1.0f;
    Ints power = ((Ints)shifted - 0x4b400000 + 127) << 23;
    return y * (Floats)power;
}

/// The error function of x / √2, to 2⁻²¹: a quotient of polynomials (that of Eigen, MPL 2.0).
inline Floats errorFunction(Floats x) {
    x *= 0.70710678118654752f;
    x = x < -4.0f ? all(-4.0f) : x;
    x = x > 4.0f ? all(4.0f) : x;
    Floats square = x * x;
    Floats above = all(-2.72614225801306e-10f);
    above = above * square + 2.77068142495902e-08f;
    above = above * square - 2.10102402082508e-06f;
    above = above * square - 5.69250639462346e-05f;
    above = above * square - 7.34990630326855e-04f;
    above = above * square - 2.95459980854025e-03f;
    above = above * square - 1.60960333262415e-02f;
    Floats below = all(-1.45660718464996e-05f);
    below = below * square - 2.13374055278905e-04f;
    below = below * square - 1.68282697438203e-03f;
    below = below * square - 7.37332916720468e-03f;
    below = below * square - 1.42647390514189e-02f;
    Floats y = x * above / below;
    y = y < -1.0f ? all(-1.0f) : y;
    return y > 1.0f ? all(1.0f) : y;
}

/// Numbered as acm::gated_mlp::Activation is.
enum class Kind : int64_t { identity, relu, silu, gelu, geluTanh };

template <Kind kind>
inline Floats activate(Floats x) {
    if constexpr (kind == Kind::relu) return x < 0.0f ? Floats{} : x;
    if constexpr (kind == Kind::silu) return x / (1.0f + exponential(-x));
    if constexpr (kind == Kind::gelu) return 0.5f * x * (1.0f + errorFunction(x));
    if constexpr (kind == Kind::geluTanh)
        return x / (1.0f + exponential(-1.5957691216057308f * (x + 0.044715f * x * x * x)));
    return x;
}

}  // namespace
