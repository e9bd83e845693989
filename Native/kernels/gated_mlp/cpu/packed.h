// Weights packed once for inference on a CPU: a two-layer network whose hidden width is cut token by
// token (see ../op.h), and a linear layer.
#pragma once

#include <ATen/core/Tensor.h>

#include <string>

#include "../op.h"
#include "plan.h"

namespace acm::cpu {

/// One opaque tensor of bytes. The weights are contiguous float32 on the CPU.
at::Tensor pack(const Header &header, const at::Tensor &w1, const at::Tensor &b1, const at::Tensor &w2,
                const at::Tensor &bias);

struct Call {
    Plan plan;
    const char *packed;
    at::Tensor input;                    // [tokens, channels] float32 or bfloat16, rows without gaps
    std::optional<at::Tensor> residual;  // [tokens, outputs] of the input's type
};

/// `choice` is [tokens] int64; throws c10::Error if one is outside 0 ... learners.
at::Tensor gated(const Call &call, const at::Tensor &choice);
at::Tensor linear(const Call &call, gated_mlp::Activation activation);

/// The fastest that this machine runs and libtorch would use.
const Kernels &kernels(Precision precision);

}  // namespace acm::cpu
