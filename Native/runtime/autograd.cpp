#include <ATen/autocast_mode.h>
#include <c10/core/GradMode.h>

#include "boundary.h"

int32_t acm_tensor_requires_gradient(const acm_tensor *tensor, bool *required) {
    return acm::guarded([&] {
        acm::require(required, "required");
        *required = acm::unwrap(tensor).requires_grad();
    });
}

int32_t acm_tensor_set_requires_gradient(acm_tensor *tensor, bool required) {
    return acm::guarded([&] { acm::unwrap(tensor).set_requires_grad(required); });
}

int32_t acm_tensor_gradient(const acm_tensor *tensor, acm_tensor **gradient) {
    return acm::guarded([&] {
        acm::require(gradient, "gradient");
        at::Tensor accumulated = acm::unwrap(tensor).grad();
        *gradient = accumulated.defined() ? acm::wrap(std::move(accumulated)) : nullptr;
    });
}

int32_t acm_tensor_set_gradient(acm_tensor *tensor, const acm_tensor *gradient) {
    return acm::guarded([&] {
        at::Tensor owner = acm::unwrap(tensor), replacement;
        if (gradient != nullptr) {
            replacement = acm::unwrap(gradient);
            // Backward adds to it and relies on these.
            if (owner.is_same(replacement) || owner.sizes() != replacement.sizes() ||
                owner.scalar_type() != replacement.scalar_type() ||
                owner.device() != replacement.device())
                throw acm::InvalidArgument(
                    "a gradient must be another tensor of the same shape, scalar type and device");
        }
        owner.mutable_grad() = replacement;
    });
}

int32_t acm_tensor_backward(const acm_tensor *tensor, const acm_tensor *seed, bool retain_graph) {
    return acm::guarded([&] {
        at::Tensor gradient = seed == nullptr ? at::Tensor() : acm::unwrap(seed);
        acm::unwrap(tensor).backward(gradient, retain_graph);
    });
}

int32_t acm_gradient_mode(bool *enabled) {
    return acm::guarded([&] {
        acm::require(enabled, "enabled");
        *enabled = c10::GradMode::is_enabled();
    });
}

int32_t acm_gradient_mode_set(bool enabled, bool *previous) {
    return acm::guarded([&] {
        acm::require(previous, "previous");
        *previous = c10::GradMode::is_enabled();
        c10::GradMode::set_enabled(enabled);
    });
}

int32_t acm_autocast_set(int32_t device_type, bool enabled, int32_t scalar_type) {
    return acm::guarded([&] {
        auto type = acm::device(device_type, 0).type();
        at::autocast::set_autocast_dtype(type, acm::scalarType(scalar_type));
        at::autocast::set_autocast_enabled(type, enabled);
        if (!enabled) at::autocast::clear_cache();
    });
}
