// acm::gated_mlp: a two-layer network whose hidden width is cut token by token.
//
//     for each token t:
//         width = choice[t] * (hidden / learners)
//         output[t] = bias + w2[:, :width] · activation(w1[:width] · input[t] + b1[:width])
//
// That is the sum of the first choice[t] of `learners` equal learners, plus the module's bias.
//
//   input  [..., channels]         choice [...] integers, 0 ... learners
//   w1     [hidden, channels]      b1     [hidden]
//   w2     [output, hidden]        bias   [output]
//   result [..., output]
//
// Source: Wójcik et al. 2025 (arXiv 2312.10193), section 3.1.
#pragma once

#include <ATen/core/Tensor.h>

#include <string>

#include "activation.h"

namespace acm::gated_mlp {

/// The activation of a Hugging Face name; throws c10::Error, which begins with `what`, for an unknown one.
Activation activation(const std::string &name, const char *what = "acm::gated_mlp: ");

struct Arguments {
    at::Tensor input;   // [tokens, channels]
    at::Tensor choice;  // [tokens] int64; or int32, which checked() keeps
    at::Tensor w1, b1, w2, bias;
    int64_t learners;
    Activation activation;
};

/// The arguments of the operator in the form that implementations take; throws c10::Error if a
/// shape, type or device is wrong. The values of the choices are not read.
Arguments checked(const at::Tensor &input, const at::Tensor &choice, const at::Tensor &w1,
                  const at::Tensor &b1, const at::Tensor &w2, const at::Tensor &bias,
                  int64_t learners, const std::string &activation);

/// Throws c10::Error for a choice outside 0 ... learners; waits for the device. Makes them int64.
void checkChoices(Arguments &arguments);

/// Plain loops with sums in double precision, for tests: host memory, any floating type.
at::Tensor reference(const Arguments &arguments);

/// Two products for each group of tokens with the same choice; any device, differentiable.
at::Tensor grouped(const Arguments &arguments);

/// The dense network, `bias + w2 · activation(w1 · input + b1)`, as linear layers; any device, differentiable.
at::Tensor dense(const at::Tensor &input, const at::Tensor &w1, const at::Tensor &b1, const at::Tensor &w2,
                 const at::Tensor &bias, const std::string &activation);

}  // namespace acm::gated_mlp
