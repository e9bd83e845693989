// Between the host code of the Hopper kernels and their translation units, one for each type.
#pragma once

#include <cuda.h>

#include "../activation.h"
#include "launch.h"

namespace acm::gated_mlp::cuda::sm90 {

/// One product: left [rows, depth] · right [columns, depth]ᵀ.
struct Parameters {
    const void *input;  // of the first product: unsorted rows
    int64_t inputStride;
    int *order, *atLeast;  // see Order
    // The first product's, if it is to sort the tokens itself and to leave `order` and `atLeast` for the
    // second; else null.
    const void *choice;
    bool wideChoice;
    const void *bias;
    void *output;  // of the second product
    int64_t outputStride;
    int rows;
    int columns, depth;  // the first product's depth; the second's follows the choices
    int learners, learnerWidth;
    int granule;  // a power of two: this many rows have the depth of the first of them, in both products
    Activation activation;
};

/// The most tokens that the first product sorts itself, each block all of them.
constexpr int fewTokens = 2048;

/// A kernel, and what its launch needs.
struct Kernel {
    const void *function;
    int sharedBytes, threads, tileRows, boxRows;  // boxRows: of the weights, in one copy
};

/// The kernel of these tiles; its function is null if there is none.
Kernel bfloat16Kernel(bool first, int columns, int sharing, bool splits);
Kernel float16Kernel(bool first, int columns, int sharing, bool splits);

}  // namespace acm::gated_mlp::cuda::sm90
