// Whether libtorch records gradients through an operator, or carries them forward.
#pragma once

#include <ATen/core/Tensor.h>
#include <ATen/core/grad_mode.h>

namespace acm::gpu {

inline bool areDifferentiated(std::initializer_list<at::Tensor> tensors) {
    for (const at::Tensor &tensor : tensors)
        if ((at::GradMode::is_enabled() && tensor.requires_grad()) || tensor._fw_grad(/*level=*/0).defined())
            return true;
    return false;
}

}  // namespace acm::gpu
