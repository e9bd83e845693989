#include <c10/core/GradMode.h>
#include <torch/library.h>

#include <cmath>

#include "op.h"

namespace acm::cpu::attention {

namespace {

constexpr auto what = "acm::attention: ";

/// The tensor with rows without gaps, if it is one that the kernels read.
at::Tensor checked(const char *name, const at::Tensor &tensor, const at::Tensor &query) {
    TORCH_CHECK(tensor.device().is_cpu(), what, name, " must be on cpu, found on ", tensor.device());
    TORCH_CHECK(tensor.scalar_type() == query.scalar_type(), what, name, " must hold ", query.scalar_type(),
                " as query does, found ", tensor.scalar_type());
    TORCH_CHECK(!(c10::GradMode::is_enabled() && tensor.requires_grad()), what, name,
                " must not require gradients while they are recorded: there are none");
    return tensor.numel() == 0 || tensor.stride(-1) == 1 ? tensor : tensor.contiguous();
}

at::Tensor run(const at::Tensor &query, const at::Tensor &key, const at::Tensor &value, int64_t heads,
               const std::optional<at::Tensor> &mask, std::optional<double> scale) {
    TORCH_CHECK(heads >= 1, what, "heads must be at least 1, found ", heads);
    TORCH_CHECK(query.dim() == 3, what, "query must be [batch, queries, channels], found ", query.sizes());
    int64_t batch = query.size(0), channels = query.size(2);
    TORCH_CHECK(channels % heads == 0, what, "query must have a multiple of ", heads, " heads as channels, found ",
                channels);
    TORCH_CHECK(query.scalar_type() == at::kFloat || query.scalar_type() == at::kBFloat16, what,
                "query must hold Float or BFloat16, found ", query.scalar_type());
    TORCH_CHECK(key.dim() == 3 && key.size(0) == batch && key.size(2) == channels, what, "key must be [", batch,
                ", keys, ", channels, "], found ", key.sizes());
    TORCH_CHECK(value.sizes() == key.sizes(), what, "value must be ", key.sizes(), " as key is, found ",
                value.sizes());
    Call call{checked("query", query, query), checked("key", key, query), checked("value", value, query), mask,
              heads, scale.value_or(1 / std::sqrt(static_cast<double>(channels / heads)))};
    if (mask) {
        at::IntArrayRef shape = key.sizes().slice(0, 2);
        TORCH_CHECK(mask->sizes() == shape, what, "mask must be ", shape, ", found ", mask->sizes());
        TORCH_CHECK(mask->device().is_cpu(), what, "mask must be on cpu, found on ", mask->device());
        TORCH_CHECK(mask->scalar_type() == at::kBool || mask->scalar_type() == query.scalar_type(), what,
                    "mask must hold Bool or ", query.scalar_type(), " as query does, found ", mask->scalar_type());
        TORCH_CHECK(!(c10::GradMode::is_enabled() && mask->requires_grad()), what,
                    "mask must not require gradients while they are recorded: there are none");
    }
    return attend(call);
}

}  // namespace

TORCH_LIBRARY_FRAGMENT(acm, library) {
    library.def("attention(Tensor query, Tensor key, Tensor value, int heads, Tensor? mask=None, "
                "float? scale=None) -> Tensor", run);
}

}  // namespace acm::cpu::attention
