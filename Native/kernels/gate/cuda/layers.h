// Tensors as the kernels of the gate take them.
#pragma once

#include <ATen/autocast_mode.h>
#include <ATen/ops/empty.h>

#include <algorithm>

#include "../../cuda/aligned.h"
#include "../op.h"
#include "launch.h"

namespace acm::gate::cuda {

/// Whether there are kernels for tokens like these, on their device, as things stand.
inline bool isForKernels(const at::Tensor &input) {
    auto type = input.scalar_type();
    int64_t channels = input.size(-1), tokens = channels == 0 ? 0 : input.numel() / channels;
    constexpr int64_t most = 1 << 30;
    return (type == at::kBFloat16 || type == at::kHalf) && tokens > 0 && tokens < most &&
           gpu::device(input.device().index()).major >= 8 && !at::autocast::is_autocast_enabled(at::kCUDA);
}

inline Type typeOf(const at::Tensor &tensor) {
    return tensor.scalar_type() == at::kBFloat16 ? Type::bfloat16 : Type::float16;
}

/// Whether the device knows programmatic dependent launch.
inline bool mayStartEarly(const at::Tensor &tensor) { return gpu::device(tensor.device().index()).major >= 9; }

/// A gate's layers and room for its choices, which live as long as this.
struct Layers {
    at::Tensor weights[6], term, choice;
    Gate gate = {};

    explicit Layers(const Arguments &a)
        : weights{gpu::alignedWhole(a.w1), gpu::alignedWhole(a.b1), gpu::alignedWhole(a.w2),
                  gpu::alignedWhole(a.b2), gpu::alignedWhole(a.w3), gpu::alignedWhole(a.b3)},
          choice(at::empty(a.input.sizes().slice(0, a.input.dim() - 1), a.input.options().dtype(at::kLong))) {
        if (a.term) term = a.term->to(at::kFloat).contiguous();
        gate.w1 = weights[0].const_data_ptr();
        gate.b1 = weights[1].const_data_ptr();
        gate.w2 = weights[2].const_data_ptr();
        gate.b2 = weights[3].const_data_ptr();
        gate.w3 = weights[4].const_data_ptr();
        gate.b3 = weights[5].const_data_ptr();
        gate.term = a.term ? term.const_data_ptr<float>() : nullptr;
        gate.choice = choice.mutable_data_ptr<int64_t>();
        gate.tokens = static_cast<int>(choice.numel());
        gate.channels = static_cast<int>(a.input.size(-1));
        gate.choices = static_cast<int>(a.choices());
        gate.minimum = static_cast<int>(a.minimum);
        std::copy(a.offsets.begin(), a.offsets.end(), gate.offsets);
    }
};

}  // namespace acm::gate::cuda
