// What the CUDA kernels of acm::gate_choice and acm::add_layer_norm take: raw pointers, no libtorch. See ../README.md.
#pragma once

#include <cstdint>

#include "../../cuda/device.h"

namespace acm::gate::cuda {

enum class Type { bfloat16, float16 };

/// The most choices that the kernels take.
constexpr int mostChoices = 65;

/// Layers, contiguous from multiples of 16 bytes on, and what they give.
struct Gate {
    const void *w1, *b1, *w2, *b2, *w3, *b3;
    const float *term;  // [choices], or null
    int64_t *choice;    // [tokens]
    int tokens, channels, choices, minimum;
    float offsets[mostChoices];
};

/// One call of acm::gate_choice. Rows start at multiples of 16 bytes.
struct Call {
    const void *input;  // [tokens, channels], rows `inputStride` elements apart
    int64_t inputStride;
    Gate gate;
};

/// One call of acm::add_layer_norm. Rows, weight, bias and scale start at multiples of 16 bytes.
struct NormCall {
    const void *input, *residual;  // [tokens, channels]
    int64_t inputStride, residualStride;
    const void *weight, *bias;  // [channels]
    const void *scale;          // [channels], or null
    void *sum, *normed;         // [tokens, channels], contiguous
    int tokens, channels;
    float epsilon;
};

/// One call of acm::add_layer_norm_choose.
struct NormChooseCall {
    NormCall norm;
    Gate gate;
};

/// Whether the kernels take a gate of these sizes: 8 divides the channels, and the width is 16, 32 or 64.
bool takes(int64_t channels, int64_t width, int64_t choices);
/// Whether the kernels normalise rows of so many channels: 8 divides them.
bool normalises(int64_t channels);

/// `mayStartEarly`: the device knows programmatic dependent launch.
void choose(const Call &call, Type type, int width, bool mayStartEarly, cudaStream_t stream);
void addNorm(const NormCall &call, Type type, bool mayStartEarly, cudaStream_t stream);
/// `device`: the index of the current device.
void addNormChoose(const NormChooseCall &call, Type type, int width, int device, bool mayStartEarly,
                   cudaStream_t stream);

}  // namespace acm::gate::cuda
