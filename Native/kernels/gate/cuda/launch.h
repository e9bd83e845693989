// What the CUDA kernel of acm::gate_choice takes: raw pointers, no libtorch. See ../README.md.
#pragma once

#include <cstdint>

#include "../../cuda/device.h"

namespace acm::gate::cuda {

enum class Type { bfloat16, float16 };

/// The most choices that the kernel takes.
constexpr int mostChoices = 65;

/// One call. Rows start at multiples of 16 bytes; weights are contiguous.
struct Call {
    const void *input;  // [tokens, channels], rows `inputStride` elements apart
    int64_t inputStride;
    const void *w1, *b1, *w2, *b2, *w3, *b3;
    const float *term;  // [choices], or null
    int64_t *choice;    // [tokens]
    int tokens, channels, choices, minimum;
    float offsets[mostChoices];
};

/// Whether the kernel takes layers of these sizes: 8 divides the channels, and the width is 16, 32 or 64.
bool takes(int64_t channels, int64_t width, int64_t choices);
/// `mayStartEarly`: the device knows programmatic dependent launch.
void choose(const Call &call, Type type, int width, bool mayStartEarly, cudaStream_t stream);

}  // namespace acm::gate::cuda
