// What the tests of acm::gated_mlp have in common.
#pragma once

#include <ATen/ATen.h>

#include <cmath>

namespace acm::gated_mlp {

/// Arguments of a call: numbers of the scale that a trained layer has, float64, and all choices.
template <typename Layer>
Layer drawLayer(int64_t tokens, int64_t channels, int64_t learnerWidth, int64_t outputs, int64_t learners) {
    at::manual_seed(1);
    int64_t hidden = learners * learnerWidth;
    auto draw = [](at::IntArrayRef shape, double scale) {
        return at::randn(shape, at::kDouble).mul_(scale);
    };
    return {draw({tokens, channels}, 1),
            at::arange(tokens).mul_(7).remainder_(learners + 1),
            draw({hidden, channels}, 1 / std::sqrt(std::max<double>(1, channels))),
            draw({hidden}, 0.1),
            draw({outputs, hidden}, 1 / std::sqrt(std::max<double>(1, hidden))),
            draw({outputs}, 0.5),
            learners};
}

}  // namespace acm::gated_mlp
