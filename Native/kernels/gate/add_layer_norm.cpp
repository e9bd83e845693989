#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/ops/add.h>
#include <ATen/ops/layer_norm.h>
#include <ATen/ops/mul.h>
#include <torch/library.h>

#include "op.h"

namespace acm::gate {

void check(const NormArguments &a) {
    constexpr auto what = "acm::add_layer_norm: ";
    TORCH_CHECK(a.input.dim() >= 1, what, "input must have at least one axis");
    TORCH_CHECK(a.residual.sizes() == a.input.sizes(), what, "residual must be ", a.input.sizes(),
                " as input is, found ", a.residual.sizes());
    int64_t channels = a.input.size(-1);
    at::Tensor scale = a.scale.value_or(a.weight);
    for (auto [name, tensor] : {std::pair("weight", a.weight), {"bias", a.bias}, {"scale", scale}})
        TORCH_CHECK(tensor.dim() == 1 && tensor.size(0) == channels, what, name, " must be [", channels,
                    "], found ", tensor.sizes());
    for (const at::Tensor &other : {a.residual, a.weight, a.bias, scale})
        TORCH_CHECK(other.device() == a.input.device(), what, "all tensors must be on ", a.input.device(),
                    ", found one on ", other.device());
}

std::tuple<at::Tensor, at::Tensor> viaATen(const NormArguments &a) {
    at::Tensor sum = at::add(a.residual, a.scale ? at::mul(a.input, *a.scale) : a.input);
    return {sum, at::layer_norm(sum, {a.input.size(-1)}, a.weight, a.bias, a.epsilon)};
}

std::tuple<at::Tensor, at::Tensor, at::Tensor> viaATen(const NormArguments &a, const Arguments &gate) {
    static auto choose = c10::Dispatcher::singleton()
                             .findSchemaOrThrow("acm::gate_choice", "")
                             .typed<at::Tensor(const at::Tensor &, const at::Tensor &, const at::Tensor &,
                                               const at::Tensor &, const at::Tensor &, const at::Tensor &,
                                               const at::Tensor &, at::ArrayRef<double>,
                                               const std::optional<at::Tensor> &, int64_t)>();
    auto [sum, normed] = viaATen(a);
    return {sum, normed,
            choose.call(normed, gate.w1, gate.b1, gate.w2, gate.b2, gate.w3, gate.b3, gate.offsets, gate.term,
                        gate.minimum)};
}

namespace {

std::tuple<at::Tensor, at::Tensor> addNorm(const at::Tensor &input, const at::Tensor &residual,
                                           const at::Tensor &weight, const at::Tensor &bias, double epsilon,
                                           const std::optional<at::Tensor> &scale) {
    NormArguments arguments{input, residual, weight, bias, epsilon, scale};
    check(arguments);
    return viaATen(arguments);
}

std::tuple<at::Tensor, at::Tensor, at::Tensor> addNormChoose(
    const at::Tensor &input, const at::Tensor &residual, const at::Tensor &weight, const at::Tensor &bias,
    double epsilon, const at::Tensor &w1, const at::Tensor &b1, const at::Tensor &w2, const at::Tensor &b2,
    const at::Tensor &w3, const at::Tensor &b3, at::ArrayRef<double> offsets,
    const std::optional<at::Tensor> &term, int64_t minimum, const std::optional<at::Tensor> &scale) {
    NormArguments arguments{input, residual, weight, bias, epsilon, scale};
    check(arguments);
    return viaATen(arguments, {{}, w1, b1, w2, b2, w3, b3, offsets, term, minimum});
}

TORCH_LIBRARY_FRAGMENT(acm, library) {
    library.def("add_layer_norm(Tensor input, Tensor residual, Tensor weight, Tensor bias, float epsilon, "
                "Tensor? scale=None) -> (Tensor sum, Tensor normed)", addNorm);
    library.def("add_layer_norm_choose(Tensor input, Tensor residual, Tensor weight, Tensor bias, float epsilon, "
                "Tensor w1, Tensor b1, Tensor w2, Tensor b2, Tensor w3, Tensor b3, float[] offsets=[], "
                "Tensor? term=None, int minimum=0, Tensor? scale=None) -> "
                "(Tensor sum, Tensor normed, Tensor choice)", addNormChoose);
}

}  // namespace

}  // namespace acm::gate
