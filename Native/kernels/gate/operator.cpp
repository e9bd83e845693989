#include <ATen/autocast_mode.h>
#include <ATen/ops/argmax.h>
#include <ATen/ops/gelu.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/tensor.h>
#include <torch/library.h>

#include "op.h"

namespace acm::gate {

void check(const Arguments &a) {
    constexpr auto what = "acm::gate_choice: ";
    TORCH_CHECK(a.input.dim() >= 1, what, "input must have at least one axis");
    TORCH_CHECK(at::isFloatingType(a.input.scalar_type()), what, "input must hold real numbers, found ",
                a.input.scalar_type());
    TORCH_CHECK(a.w1.dim() == 2 && a.w1.size(1) == a.input.size(-1), what, "w1 must be [width, ",
                a.input.size(-1), "], found ", a.w1.sizes());
    int64_t width = a.width();
    auto isVector = [](const at::Tensor &tensor, int64_t size) {
        return tensor.dim() == 1 && tensor.size(0) == size;
    };
    TORCH_CHECK(isVector(a.b1, width), what, "b1 must be [", width, "], found ", a.b1.sizes());
    TORCH_CHECK(a.w2.dim() == 2 && a.w2.size(0) == width && a.w2.size(1) == width, what, "w2 must be [",
                width, ", ", width, "], found ", a.w2.sizes());
    TORCH_CHECK(isVector(a.b2, width), what, "b2 must be [", width, "], found ", a.b2.sizes());
    TORCH_CHECK(a.w3.dim() == 2 && a.w3.size(0) >= 1 && a.w3.size(1) == width, what,
                "w3 must be [choices, ", width, "] with at least one choice, found ", a.w3.sizes());
    int64_t choices = a.choices();
    TORCH_CHECK(isVector(a.b3, choices), what, "b3 must be [", choices, "], found ", a.b3.sizes());
    TORCH_CHECK(a.offsets.empty() || static_cast<int64_t>(a.offsets.size()) == choices, what,
                "offsets must be none or ", choices, ", found ", a.offsets.size());
    TORCH_CHECK(!a.term || isVector(*a.term, choices), what, "term must be [", choices, "], found ",
                a.term->sizes());
    TORCH_CHECK(a.minimum >= 0, what, "minimum must be at least 0, found ", a.minimum);
    bool casts = at::autocast::is_autocast_enabled(a.input.device().type());
    for (const at::Tensor &other : {a.w1, a.b1, a.w2, a.b2, a.w3, a.b3}) {
        TORCH_CHECK(casts || other.scalar_type() == a.input.scalar_type(), what, "the layers must hold ",
                    a.input.scalar_type(), " as input does, found ", other.scalar_type());
        TORCH_CHECK(other.device() == a.input.device(), what, "all tensors must be on ", a.input.device(),
                    ", found one on ", other.device());
    }
    TORCH_CHECK(!a.term || a.term->device() == a.input.device(), what, "all tensors must be on ",
                a.input.device(), ", found one on ", a.term->device());
}

at::Tensor viaATen(const Arguments &a) {
    at::Tensor hidden = at::gelu(at::linear(a.input, a.w1, a.b1));
    at::Tensor logits = at::linear(at::gelu(at::linear(hidden, a.w2, a.b2)), a.w3, a.b3).to(at::kFloat);
    if (logits.is_cuda()) {  // a CUDA graph cannot hold a copy from here
        for (size_t choice = 0; choice < a.offsets.size(); ++choice)
            logits.select(-1, static_cast<int64_t>(choice)).add_(a.offsets[choice]);
    } else if (!a.offsets.empty()) {
        logits = logits + at::tensor(a.offsets, at::kFloat);
    }
    if (a.term) logits = logits + *a.term;
    at::Tensor choice = at::argmax(logits, -1);
    return a.minimum > 0 ? choice + a.minimum : choice;
}

namespace {

at::Tensor choose(const at::Tensor &input, const at::Tensor &w1, const at::Tensor &b1, const at::Tensor &w2,
                  const at::Tensor &b2, const at::Tensor &w3, const at::Tensor &b3,
                  at::ArrayRef<double> offsets, const std::optional<at::Tensor> &term, int64_t minimum) {
    Arguments arguments{input, w1, b1, w2, b2, w3, b3, offsets, term, minimum};
    check(arguments);
    return viaATen(arguments);
}

TORCH_LIBRARY_FRAGMENT(acm, library) {
    library.def(
        "gate_choice(Tensor input, Tensor w1, Tensor b1, Tensor w2, Tensor b2, Tensor w3, Tensor b3, "
        "float[] offsets=[], Tensor? term=None, int minimum=0) -> Tensor",
        choose);
}

}  // namespace

}  // namespace acm::gate
