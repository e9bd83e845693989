#include <ATen/Functions.h>

#include "op.h"

namespace acm::gated_mlp {

namespace {

/// Groups are padded to a multiple of so many rows, so that a token's result hardly depends on how many others
/// share its group: BLAS libraries take products of few rows along other code paths, and vectorised activations
/// the last few elements, and both round differently. (Layers narrower than 16 still meet such paths, and a
/// library may split long sums among threads.)
constexpr int64_t rowMultiple = 16;

at::Tensor apply(Activation activation, const at::Tensor &x) {
    switch (activation) {
        case Activation::identity: return x;
        case Activation::relu: return at::relu(x);
        case Activation::silu: return at::silu(x);
        case Activation::gelu: return at::gelu(x);
        case Activation::geluTanh: return at::gelu(x, "tanh");
    }
    TORCH_CHECK(false, "unknown activation");
}

/// Rows of tokens for which no learner runs. A product of no depth rather than a copy of the bias:
/// so autocast gives it the type of the other groups.
at::Tensor constant(const Arguments &arguments, int64_t rows) {
    return at::linear(arguments.input.new_empty({rows, 0}), arguments.w2.narrow(1, 0, 0),
                      arguments.bias);
}

}  // namespace

at::Tensor dense(const at::Tensor &input, const at::Tensor &w1, const at::Tensor &b1, const at::Tensor &w2,
                 const at::Tensor &bias, const std::string &activationName) {
    Activation kind = activation(activationName, "acm::mlp: ");
    return at::linear(apply(kind, at::linear(input, w1, b1)), w2, bias);
}

at::Tensor grouped(const Arguments &arguments) {
    int64_t tokens = arguments.input.size(0);
    int64_t learnerWidth = arguments.w1.size(0) / arguments.learners;
    auto [sorted, order] = arguments.choice.sort(/*stable=*/true, /*dim=*/0, /*descending=*/false);
    at::Tensor counts =
        at::bincount(arguments.choice, {}, arguments.learners + 1).to(at::kCPU).contiguous();

    std::vector<at::Tensor> groups;
    int64_t start = 0;
    for (int64_t k = 0; k <= arguments.learners; ++k) {
        int64_t count = counts.const_data_ptr<int64_t>()[k];
        if (count == 0) continue;
        if (k == 0) {
            groups.push_back(constant(arguments, count));
        } else {
            at::Tensor rows = arguments.input.index_select(0, order.narrow(0, start, count));
            int64_t spare = (rowMultiple - count % rowMultiple) % rowMultiple;
            if (spare > 0) rows = at::constant_pad_nd(rows, {0, 0, 0, spare});
            int64_t width = k * learnerWidth;
            at::Tensor hidden = apply(
                arguments.activation,
                at::linear(rows, arguments.w1.narrow(0, 0, width), arguments.b1.narrow(0, 0, width)));
            at::Tensor output =
                at::linear(hidden, arguments.w2.narrow(1, 0, width), arguments.bias);
            groups.push_back(output.narrow(0, 0, count));
        }
        start += count;
    }
    if (groups.empty()) return constant(arguments, 0);
    // The inverse permutation puts the groups' rows back in the order of the tokens.
    at::Tensor inverse = at::empty_like(order);
    inverse.scatter_(0, order, at::arange(tokens, order.options()));
    return at::cat(groups).index_select(0, inverse);
}

}  // namespace acm::gated_mlp
