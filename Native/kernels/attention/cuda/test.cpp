// Attention on a GPU against plain products in float64, under masks and at lengths that take each of the kernels.
#include <ATen/ATen.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <check.h>

using at::Tensor;

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

struct Input {
    Tensor query, key, value;
    std::optional<Tensor> mask;
    bool causal = false;

    Input(int64_t queries, int64_t keys, at::ScalarType type = at::kBFloat16) {
        at::manual_seed(3);
        auto draw = [&](int64_t tokens) {  // as the heads of a projection lie
            return at::randn({3, tokens, 2, 32}, at::TensorOptions(at::kCUDA)).to(type).transpose(1, 2);
        };
        query = draw(queries), key = draw(keys), value = draw(keys);
    }

    Tensor run() const {
        static auto op = c10::Dispatcher::singleton()
                             .findSchemaOrThrow("acm::scaled_dot_product_attention", "")
                             .typed<Tensor(const Tensor &, const Tensor &, const Tensor &,
                                           const std::optional<Tensor> &, bool)>();
        return op.call(query, key, value, mask, causal);
    }
    Tensor plain() const {
        Tensor scores = at::matmul(query, key.transpose(2, 3)) / std::sqrt(32.0);
        if (mask)
            scores = mask->scalar_type() == at::kBool ? scores.masked_fill(mask->logical_not(), -infinity)
                                                      : scores + *mask;
        if (causal) scores = scores + at::ones_like(scores).triu(1).mul(-1e9);
        return at::matmul(at::softmax(scores, -1), value);
    }
    /// Leaves that record gradients.
    Input leaves(at::ScalarType type) const {
        Input other = *this;
        for (Tensor *tensor : {&other.query, &other.key, &other.value})
            *tensor = tensor->detach().to(type).requires_grad_();
        if (mask && mask->scalar_type() != at::kBool) other.mask = mask->to(type);
        return other;
    }
};

/// The last keys of the second and the third sample are hidden.
Tensor hidden(int64_t keys) {
    Tensor mask = at::ones({3, 1, 1, keys}, at::TensorOptions(at::kCUDA).dtype(at::kBool));
    mask[1].narrow(-1, keys / 2, keys - keys / 2).fill_(false);
    mask[2].narrow(-1, keys - 1, 1).fill_(false);
    return mask;
}

void compare(const Input &input) {
    Input single = input.leaves(at::kDouble), own = input.leaves(input.query.scalar_type());
    Tensor wanted = single.plain(), found = own.run();
    EXPECT((found - wanted).abs().max().item<double>() < 0.02);
    Tensor weights = at::randn_like(wanted);
    (wanted * weights).sum().backward();
    (found * weights.to(found.scalar_type())).sum().backward();
    // With one key the gradients of queries and keys are zero but for rounding, which the values' tell the size of.
    double values = single.value.grad().abs().max().item<double>();
    for (auto [leaf, other] : {std::pair(own.query, single.query), {own.key, single.key}, {own.value, single.value}}) {
        double scale = std::max(other.grad().abs().max().item<double>(), values);
        EXPECT((leaf.grad() - other.grad()).abs().max().item<double>() < 0.03 * scale);
    }
}

}  // namespace

TEST(lengthsThatTakeEachKernel) {
    for (int64_t tokens : {1, 50, 127, 128, 197}) compare(Input(tokens, tokens));
    compare(Input(1, 77));
    compare(Input(9, 300));
    compare(Input(50, 50, at::kFloat));
}

TEST(masks) {
    for (int64_t keys : {2, 16, 31, 150}) {
        Input input(keys, keys);
        input.mask = hidden(keys);
        compare(input);
        input.mask = at::randn({3, 1, keys, keys}, input.query.options());
        compare(input);
    }
    Input cross(5, 33);
    cross.mask = hidden(33);
    compare(cross);
}

TEST(causal) {
    for (int64_t tokens : {7, 200}) {
        Input input(tokens, tokens);
        input.causal = true;
        compare(input);
    }
}
