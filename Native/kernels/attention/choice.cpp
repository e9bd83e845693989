// Which of libtorch's fused attention kernels runs on a GPU.

#include <ATen/ATen.h>
#include <c10/core/GradMode.h>
#include <torch/library.h>

namespace acm::attention {

namespace {

/// On Hopper libtorch prefers cuDNN's kernel: the fastest for long rows of tokens, but slower than the
/// memory-efficient one for short ones and most masks, and it plans each pair of batch size and length that it has
/// not seen for tens of milliseconds (README.md).
constexpr int64_t longRow = 128;

/// A mask as the memory-efficient kernel takes it: added to the scores, with rows that begin at multiples of 16.
at::Tensor addedMask(const at::Tensor &mask, const at::Tensor &query, int64_t keys) {
    at::Tensor added = mask;
    if (mask.scalar_type() == at::kBool)
        added = at::zeros_like(mask, query.options()).masked_fill_(mask.logical_not(), -INFINITY);
    if (int64_t rest = added.size(-1) % 16; rest != 0 && added.size(-1) == keys)
        added = at::pad(added, {0, 16 - rest}).narrow(-1, 0, keys);
    return added.expand({query.size(0), query.size(1), query.size(2), keys});
}

at::Tensor run(const at::Tensor &query, const at::Tensor &key, const at::Tensor &value,
               const std::optional<at::Tensor> &mask, bool causal) {
    TORCH_CHECK(query.dim() == 4 && key.dim() == 4, "acm::scaled_dot_product_attention: query and key must be "
                "[batch, heads, tokens, width], found ", query.sizes(), " and ", key.sizes());
    int64_t queries = query.size(2), keys = key.size(2);
    bool isFused = query.is_cuda() && (query.scalar_type() == at::kBFloat16 || query.scalar_type() == at::kHalf) &&
                   query.size(3) % 8 == 0 && query.size(3) <= 256 && query.numel() > 0 && keys > 0;
    if (isFused && !causal && (mask || (queries == keys && queries < longRow))) {
        bool trains = c10::GradMode::is_enabled() &&
                      (query.requires_grad() || key.requires_grad() || value.requires_grad());
        std::optional<at::Tensor> added;
        if (mask) added = addedMask(*mask, query, keys);
        return std::get<0>(at::_scaled_dot_product_efficient_attention(query, key, value, added, trains));
    }
    if (isFused && !causal && queries != keys)
        return std::get<0>(at::_scaled_dot_product_flash_attention(query, key, value));
    return at::scaled_dot_product_attention(query, key, value, mask, 0, causal);
}

}  // namespace

TORCH_LIBRARY_FRAGMENT(acm, library) {
    library.def("scaled_dot_product_attention(Tensor query, Tensor key, Tensor value, Tensor? mask=None, "
                "bool causal=False) -> Tensor", run);
}

}  // namespace acm::attention
