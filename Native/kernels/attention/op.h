// Attention for inference on a CPU, over queries, keys and values as their projections give them:
//
//     for each sample b, for each head h, for each query q:
//         score[k] = scale · query[b, q, h] · key[b, k, h] + mask[b, k]
//         output[b, q, h] = sum over k of softmax(score)[k] · value[b, k, h]
//
// See README.md for the contract.
#pragma once

#include <ATen/core/Tensor.h>

#include "cpu/head.h"

namespace acm::cpu::attention {

/// A call whose arguments have been checked. Rows have no gaps; all have the type of the query.
struct Call {
    at::Tensor query, key, value;    // [batch, queries, heads · width], [batch, keys, heads · width]
    std::optional<at::Tensor> mask;  // [batch, keys] bool, or of the query's type
    int64_t heads;
    double scale;
};

at::Tensor attend(const Call &call);

/// The fastest that this machine runs and libtorch would use.
const Kernels &kernels(Precision precision);

}  // namespace acm::cpu::attention
