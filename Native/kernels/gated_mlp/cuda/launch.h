// What the CUDA kernels of acm::gated_mlp take: raw pointers, no libtorch. See ../README.md.
#pragma once

#include <cstddef>
#include <cstdint>

#include "../../cuda/device.h"

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

/// How the Hopper kernels cut a product into tiles: columns of a tile (64, 128, 192 or 256), blocks
/// that share its weights (1 or 2), and groups of blocks that split its depth (1, 2 or 4; more than 1
/// only in the second product). Not every combination is compiled: see sm90_kernels.cuh.
struct Tiling {
    int columns, sharing, splits;
    /// Of the first product: who fences the gathered rows, see sm90_kernel.cuh.
    bool announces = false;
};
struct Tilings {
    Tiling first, second;
    /// Stretches of rows that go through both products one after the other, so that H stays in the
    /// L2 cache in between.
    int chunks = 1;
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

/// Whether the Hopper kernels take the call's type and shape.
bool hopperTakes(const Call &call);
/// Tilings for a number of tokens, as if all learners ran: the choices are not known to the host.
Tilings hopperTilings(const Call &call);
/// Both products; sortByChoice comes first. Throws for a tiling that no kernel is compiled for.
void hopper(const Call &call, const Tilings &tilings);

/// The same for the kernels of Ampere and later.
bool ampereTakes(const Call &call);
void ampere(const Call &call);

}  // namespace acm::gated_mlp::cuda
