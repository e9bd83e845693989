// The three products before attention as one, where their weights lie one after another.

#include <ATen/ATen.h>
#include <torch/library.h>

namespace acm::attention {

namespace {

using Optional = std::optional<at::Tensor>;

/// Tensors of one type and one length of rows as one, if each begins where the one before it ends.
at::Tensor joined(std::initializer_list<at::Tensor> parts) {
    const at::Tensor &first = *parts.begin();
    std::vector<int64_t> shape = first.sizes().vec();
    shape[0] = 0;
    int64_t end = first.storage_offset();
    for (const at::Tensor &part : parts) {
        if (!part.is_alias_of(first) || part.storage_offset() != end || !part.is_contiguous() ||
            part.scalar_type() != first.scalar_type() || part.sizes().slice(1) != first.sizes().slice(1))
            return {};
        shape[0] += part.size(0);
        end += part.numel();
    }
    return first.as_strided(shape, first.strides());
}

std::tuple<at::Tensor, at::Tensor, at::Tensor> run(
    const at::Tensor &input, const at::Tensor &query, const Optional &queryBias, const at::Tensor &key,
    const Optional &keyBias, const at::Tensor &value, const Optional &valueBias) {
    at::Tensor weight = joined({query, key, value}), bias;
    bool hasBiases = queryBias && keyBias && valueBias;
    if (hasBiases) bias = joined({*queryBias, *keyBias, *valueBias});
    if (!weight.defined() || (hasBiases ? !bias.defined() : queryBias || keyBias || valueBias))
        return {at::linear(input, query, queryBias), at::linear(input, key, keyBias),
                at::linear(input, value, valueBias)};
    auto parts = at::linear(input, weight, hasBiases ? Optional(bias) : std::nullopt)
                     .split_with_sizes({query.size(0), key.size(0), value.size(0)}, -1);
    return {parts[0], parts[1], parts[2]};
}

}  // namespace

TORCH_LIBRARY_FRAGMENT(acm, library) {
    library.def("query_key_value(Tensor input, Tensor query, Tensor? query_bias, Tensor key, Tensor? key_bias, "
                "Tensor value, Tensor? value_bias) -> (Tensor, Tensor, Tensor)", run);
}

}  // namespace acm::attention
