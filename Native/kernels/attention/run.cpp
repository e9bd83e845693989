#include <ATen/Parallel.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/zeros.h>

#include <algorithm>
#include <cstring>
#include <limits>

#include "../cpu/threads.h"
#include "op.h"

namespace acm::cpu::attention {

namespace {

constexpr double log2OfE = 1.4426950408889634;
/// Each part of a head's queries packs the keys and values anew, so it has at least so many.
constexpr int64_t fewestQueries = 48;

/// Rows of one sample and head.
Rows rows(const at::Tensor &tensor, int64_t sample, int64_t channel) {
    int64_t at = sample * tensor.stride(0) + channel;
    return {static_cast<const char *>(tensor.const_data_ptr()) + at * tensor.element_size(), tensor.stride(1),
            tensor.scalar_type() == at::kBFloat16};
}

/// What is added to the scores, [batch, keys] float32.
at::Tensor bias(const at::Tensor &mask) {
    if (mask.scalar_type() != at::kBool) return mask.to(at::kFloat).mul(log2OfE).contiguous();
    at::Tensor hidden = at::zeros(mask.sizes(), at::kFloat);
    return hidden.masked_fill_(mask.logical_not(), -std::numeric_limits<float>::infinity());
}

}  // namespace

at::Tensor attend(const Call &call) {
    int64_t batch = call.query.size(0), queries = call.query.size(1), channels = call.query.size(2);
    int64_t keys = call.key.size(1), width = channels / call.heads;
    at::Tensor output = at::empty({batch, queries, channels}, call.query.options().requires_grad(false));
    if (keys == 0) output.zero_();
    if (output.numel() == 0 || keys == 0) return output;
    at::Tensor biases = call.mask ? bias(*call.mask) : at::Tensor();
    const float *added = call.mask ? biases.const_data_ptr<float>() : nullptr;
    const Kernels &kernels =
        attention::kernels(output.scalar_type() == at::kBFloat16 ? Precision::bfloat16 : Precision::float32);

    // Whole heads, unless that would leave threads without work.
    int64_t pairs = batch * call.heads, threads = at::get_num_threads(), parts = 1;
    if (pairs % threads != 0 && pairs < 4 * threads)
        parts = std::clamp<int64_t>((4 * threads + pairs - 1) / pairs, 1, std::max<int64_t>(1, queries / fewestQueries));
    int64_t length = (queries + parts - 1) / parts;
    parts = (queries + length - 1) / length;
    share(pairs * parts, kernels.room(keys, width), [&](char *room, int64_t item) {
        int64_t pair = item / parts, first = item % parts * length;
        int64_t sample = pair / call.heads, channel = pair % call.heads * width;
        Head head{rows(call.query, sample, channel),
                  rows(call.key, sample, channel),
                  rows(call.value, sample, channel),
                  rows(output, sample, channel),
                  std::min(length, queries - first),
                  keys,
                  width,
                  static_cast<float>(call.scale * log2OfE),
                  added == nullptr ? nullptr : added + sample * keys};
        // Hidden keys after the last one that is not, such as padding, are not read.
        if (head.bias != nullptr)
            while (head.keys > 0 && head.bias[head.keys - 1] == -std::numeric_limits<float>::infinity()) --head.keys;
        int64_t bytes = output.element_size();
        for (Rows *moved : {&head.query, &head.output})
            moved->data = static_cast<const char *>(moved->data) + first * moved->stride * bytes;
        if (head.keys > 0) return kernels.run(head, room);
        auto to = static_cast<char *>(const_cast<void *>(head.output.data));
        for (int64_t query = 0; query < head.queries; ++query)
            std::memset(to + query * channels * bytes, 0, static_cast<size_t>(width * bytes));
    });
    return output;
}

}  // namespace acm::cpu::attention
