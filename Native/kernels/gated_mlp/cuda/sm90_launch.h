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
    const int *order, *atLeast;  // order: from the first of these rows on
    const void *bias;
    void *output;  // of the second product
    int64_t outputStride;
    int begin, rows;     // these of the sorted rows
    int columns, depth;  // the first product's depth; the second's follows the choices
    int learners, learnerWidth;
    int granule;  // a power of two: this many rows have the depth of the first of them, in both products
    Activation activation;
};

/// A kernel, and what its launch needs.
struct Kernel {
    const void *function;
    int sharedBytes, threads, tileRows, boxRows;  // boxRows: of the weights, in one copy
};

/// The kernel of these tiles; its function is null if there is none.
Kernel bfloat16Kernel(bool first, int columns, int sharing, bool splits, bool announces);
Kernel float16Kernel(bool first, int columns, int sharing, bool splits, bool announces);

}  // namespace acm::gated_mlp::cuda::sm90
