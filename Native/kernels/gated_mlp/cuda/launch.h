// What the CUDA kernels of acm::gated_mlp take: raw pointers, no libtorch. See ../README.md.
#pragma once

#include <cstddef>
#include <cstdint>

#include "../../cuda/device.h"
#include "tiling.h"

namespace acm::gated_mlp::cuda {

using gpu::check;

enum class Type { bfloat16, float16, float32 };

/// The most learners that the kernels take.
constexpr int maximumLearners = 64;

/// One call. Rows are contiguous and 16-byte aligned, strides count elements; the buffers are
/// scratch memory of the call.
struct Call {
    Type type;
    int activation;  // the value of Activation
    int learners, learnerWidth, channels, outputs;
    int64_t tokens;

    const void *input;  // [tokens, channels]
    int64_t inputStride;
    const void *choice;  // [tokens] contiguous
    bool wideChoice;     // int64, else int32
    const void *w1, *b1, *w2, *bias;
    int64_t w1Stride, w2Stride;
    void *output;  // [tokens, outputs] contiguous

    void *hiddenBuffer;  // [tokens, hidden] of the type
    int *orderBuffer;    // orderInts(tokens)

    int device, multiprocessors;
    bool isHopper;
    cudaStream_t stream;

    int hidden() const { return learners * learnerWidth; }
};

/// Layout of orderBuffer: the token at each sorted place, and for n = 0 ... learners how many
/// tokens have a choice of at least n, which are the lengths of the staircase's steps.
struct Order {
    int *tokens, *atLeast, *blockCounts;
};
int64_t orderInts(int64_t tokens);
Order order(const Call &call);

/// Sorts the tokens by choice, descending and stable. Choices outside 0 ... learners are clamped.
void sortByChoice(const Call &call);

/// hiddenBuffer, which starts at a multiple of 16 bytes, holds the sums of all learners: makes those that a token runs
/// their activations, the others zeros. Any number of learners; needs the type, activation, learners, tokens, choices
/// and stream alone. Choices outside 0 ... learners are clamped.
void activateChosen(const Call &call);

/// Whether the Hopper kernels take the call's type and shape.
bool hopperTakes(const Call &call);
/// Tilings for a number of tokens, as if all learners ran: the choices are not known to the host.
Tilings hopperTilings(const Call &call);
/// Whether kernels of these tiles are compiled.
bool hopperHas(Type type, const Tilings &tilings);
/// The whole call. Throws for a tiling that no kernel is compiled for.
void hopper(const Call &call, const Tilings &tilings);

/// The same for the kernels of Ampere and later.
bool ampereTakes(const Call &call);
void ampere(const Call &call);

}  // namespace acm::gated_mlp::cuda
