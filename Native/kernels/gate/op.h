// acm::gate_choice: how many learners each token gets, as its module's gate says.
//
//     first  = gelu(w1 · input[t] + b1)
//     second = gelu(w2 · first + b2)
//     logits = (w3 · second + b3) + offsets + term         (the last two in float32)
//     choice[t] = minimum + the first of the largest logits; a logit that is no number is the largest
//
//   input  [..., channels]
//   w1     [width, channels]   b1 [width]      w2 [width, width]   b2 [width]
//   w3     [choices, width]    b3 [choices]
//   offsets, term  [choices] or none: what the budget adds
//   result [...] int64
//
// And what comes before it in a pre-norm block, acm::add_layer_norm, alone or as one with it:
//
//     sum    = residual + scale ⊙ input                                      the product in the type of both
//     normed = (sum - mean) / sqrt(variance + epsilon) · weight + bias       over the channels of each token
//
//   input, residual, sum, normed [..., channels]    weight, bias [channels]    scale [channels] or none
//
// Source: Wójcik et al. 2025 (arXiv 2312.10193), section 3.1.
#pragma once

#include <ATen/core/Tensor.h>

#include <optional>
#include <tuple>

namespace acm::gate {

struct Arguments {
    at::Tensor input, w1, b1, w2, b2, w3, b3;
    at::ArrayRef<double> offsets;    // empty: none
    std::optional<at::Tensor> term;
    int64_t minimum;

    int64_t width() const { return w1.size(0); }
    int64_t choices() const { return w3.size(0); }
};

/// Throws c10::Error if a shape, type or device is wrong.
void check(const Arguments &arguments);

/// By libtorch's operators, on any device.
at::Tensor viaATen(const Arguments &arguments);

struct NormArguments {
    at::Tensor input, residual, weight, bias;
    double epsilon;
    std::optional<at::Tensor> scale;
};

/// Throws c10::Error if a shape or device is wrong.
void check(const NormArguments &arguments);

/// Sum and norm by libtorch's operators, on any device.
std::tuple<at::Tensor, at::Tensor> viaATen(const NormArguments &arguments);
/// Those, and the choices by acm::gate_choice; `gate` has no input.
std::tuple<at::Tensor, at::Tensor, at::Tensor> viaATen(const NormArguments &arguments, const Arguments &gate);

}  // namespace acm::gate
