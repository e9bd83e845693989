// How far a tensor is from what it should be.
#pragma once

#include <ATen/ATen.h>

#include <cmath>

/// The largest difference, on the tensors' device; infinite where the shapes differ, or where one is NaN.
inline double error(const at::Tensor &found, const at::Tensor &exact) {
    if (found.sizes() != exact.sizes()) return INFINITY;
    if (found.numel() == 0) return 0;
    double worst = (found.to(at::kDouble) - exact.to(at::kDouble)).abs().max().item<double>();
    return std::isnan(worst) ? INFINITY : worst;
}
