// Activations in float32 for the epilogues. Exact to about 1e-7; the `fast` forms use the hardware's
// tanh, which is exact to 2^-11: for bfloat16, whose own rounding is four times that.
#pragma once

#include "../activation.h"

namespace acm::gated_mlp::cuda {

__device__ __forceinline__ float hardwareTanh(float x) {
    float y;
    asm("tanh.approx.f32 %0, %1;" : "=f"(y) : "f"(x));
    return y;
}

__device__ __forceinline__ float hardwareExp2(float x) {
    float y;
    asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(x));
    return y;
}

/// x · Φ(x), by Abramowitz and Stegun 7.1.26: erfc(z) = p(1 / (1 + 0.3275911 z)) exp(-z²).
__device__ __forceinline__ float gelu(float x) {
    float magnitude = fabsf(x);
    float t = __fdividef(1.0f, fmaf(0.23164189f, magnitude, 1.0f));  // 0.3275911 / sqrt(2)
    float decay = hardwareExp2(x * x * -0.72134752f);                // exp(-x² / 2)
    float p = 0.5f * 1.061405429f;
    p = fmaf(p, t, 0.5f * -1.453152027f);
    p = fmaf(p, t, 0.5f * 1.421413741f);
    p = fmaf(p, t, 0.5f * -0.284496736f);
    p = fmaf(p, t, 0.5f * 0.254829592f);
    return fmaf(-magnitude, p * t * decay, fmaxf(x, 0.0f));
}

/// erf(x / √2) = tanh of an odd polynomial, fitted to 2.8e-4 in x · Φ(x), which is less than the
/// error of the hardware's tanh beyond |x| = 1.2. The tanh takes 8 cycles of a warp's quarter of the
/// multiprocessor; the other instructions are one less, so that more of them would show.
__device__ __forceinline__ float fastGelu(float x) {
    float inner = x * fmaf(0.0347f, x * x, 0.8002f);
    float half = 0.5f * x;
    return fmaf(half, hardwareTanh(inner), half);
}

template <bool fast>
__device__ __forceinline__ float tanhOf(float x) {
    if constexpr (fast) return hardwareTanh(x);
    // 1 - 2 / (exp(2x) + 1): right at both ends, where exp is 0 or infinite.
    return 1.0f - __fdividef(2.0f, hardwareExp2(fminf(x, 40.0f) * 2.88539008f) + 1.0f);
}

template <Activation activation, bool fast>
__device__ __forceinline__ float activate(float x) {
    if constexpr (activation == Activation::relu) return x < 0.0f ? 0.0f : x;  // keeps NaN
    if constexpr (activation == Activation::silu) {
        if constexpr (fast) return fmaf(0.5f * x, hardwareTanh(0.5f * x), 0.5f * x);
        return __fdividef(x, 1.0f + hardwareExp2(fminf(x * -1.44269504f, 126.0f)));
    }
    if constexpr (activation == Activation::gelu) return fast ? fastGelu(x) : gelu(x);
    if constexpr (activation == Activation::geluTanh) {
        float inner = x * fmaf(0.0356774081f, x * x, 0.797884561f);
        return fmaf(0.5f * x, tanhOf<fast>(inner), 0.5f * x);
    }
    return x;
}

template <Activation activation>
struct ActivationConstant {
    static constexpr Activation value = activation;
};

/// Calls body with the ActivationConstant of the activation.
template <typename Body>
__device__ __forceinline__ void withActivation(Activation activation, Body &&body) {
    switch (activation) {
        case Activation::identity: return body(ActivationConstant<Activation::identity>());
        case Activation::relu: return body(ActivationConstant<Activation::relu>());
        case Activation::silu: return body(ActivationConstant<Activation::silu>());
        case Activation::gelu: return body(ActivationConstant<Activation::gelu>());
        case Activation::geluTanh: return body(ActivationConstant<Activation::geluTanh>());
    }
}

}  // namespace acm::gated_mlp::cuda
