#include <ATen/autocast_mode.h>
#include <ATen/ops/aminmax.h>
#include <torch/library.h>

#include "op.h"

namespace acm::gated_mlp {

Activation activation(const std::string &name, const char *what) {
    if (name == "identity") return Activation::identity;
    if (name == "relu") return Activation::relu;
    if (name == "silu") return Activation::silu;
    if (name == "gelu") return Activation::gelu;
    if (name == "gelu_tanh") return Activation::geluTanh;
    TORCH_CHECK(false, what, "activation must be identity, relu, silu, gelu or gelu_tanh, found \"", name,
                "\"");
}

namespace {

constexpr auto what = "acm::gated_mlp: ";

}  // namespace

Arguments checked(const at::Tensor &input, const at::Tensor &choice, const at::Tensor &w1,
                  const at::Tensor &b1, const at::Tensor &w2, const at::Tensor &bias,
                  int64_t learners, const std::string &activationName) {
    TORCH_CHECK(input.dim() >= 1, what, "input must have at least one axis");
    int64_t channels = input.size(-1);
    TORCH_CHECK(choice.sizes() == input.sizes().slice(0, input.dim() - 1), what,
                "choice must have the shape of input without its last axis, ",
                input.sizes().slice(0, input.dim() - 1), ", found ", choice.sizes());
    TORCH_CHECK(at::isIntegralType(choice.scalar_type(), /*includeBool=*/false), what,
                "choice must hold integers, found ", choice.scalar_type());
    TORCH_CHECK(learners >= 1, what, "learners must be at least 1, found ", learners);
    TORCH_CHECK(w1.dim() == 2 && w1.size(1) == channels, what, "w1 must be [hidden, ", channels,
                "], found ", w1.sizes());
    int64_t hidden = w1.size(0);
    TORCH_CHECK(hidden % learners == 0, what, "hidden width ", hidden, " is not a multiple of ",
                learners, " learners");
    TORCH_CHECK(b1.dim() == 1 && b1.size(0) == hidden, what, "b1 must be [", hidden, "], found ",
                b1.sizes());
    TORCH_CHECK(w2.dim() == 2 && w2.size(1) == hidden, what, "w2 must be [output, ", hidden,
                "], found ", w2.sizes());
    TORCH_CHECK(bias.dim() == 1 && bias.size(0) == w2.size(0), what, "bias must be [", w2.size(0),
                "], found ", bias.sizes());
    TORCH_CHECK(at::isFloatingType(input.scalar_type()), what,
                "input must hold real numbers, found ", input.scalar_type());
    bool casts = at::autocast::is_autocast_enabled(input.device().type());
    for (const at::Tensor &other : {w1, b1, w2, bias})
        TORCH_CHECK(casts || other.scalar_type() == input.scalar_type(), what,
                    "w1, b1, w2 and bias must hold ", input.scalar_type(),
                    " as input does, found ", other.scalar_type());
    for (const at::Tensor &other : {choice, w1, b1, w2, bias})
        TORCH_CHECK(other.device() == input.device(), what, "all tensors must be on ",
                    input.device(), ", found one on ", other.device());
    bool keeps = choice.scalar_type() == at::kInt;
    return {input.reshape({choice.numel(), channels}),
            choice.reshape(-1).to(keeps ? at::kInt : at::kLong),
            w1, b1, w2, bias, learners, activation(activationName)};
}

void checkChoices(Arguments &arguments) {
    if (arguments.choice.numel() > 0) {
        auto [least, most] = arguments.choice.aminmax();
        auto lowest = least.item().toLong(), highest = most.item().toLong();
        TORCH_CHECK(lowest >= 0 && highest <= arguments.learners, what, "choice must lie in 0...",
                    arguments.learners, ", found ", lowest, "...", highest);
    }
    arguments.choice = arguments.choice.to(at::kLong);
}

namespace {

template <at::Tensor (*implementation)(const Arguments &)>
at::Tensor run(const at::Tensor &input, const at::Tensor &choice, const at::Tensor &w1,
               const at::Tensor &b1, const at::Tensor &w2, const at::Tensor &bias,
               int64_t learners, const std::string &activationName) {
    Arguments arguments = checked(input, choice, w1, b1, w2, bias, learners, activationName);
    checkChoices(arguments);
    at::Tensor output = implementation(arguments);
    auto shape = input.sizes().vec();
    shape.back() = w2.size(0);
    return output.reshape(shape);
}

}  // namespace

#define ACM_ARGUMENTS                                                                            \
    "(Tensor input, Tensor choice, Tensor w1, Tensor b1, Tensor w2, Tensor bias, int learners, " \
    "str activation) -> Tensor"

TORCH_LIBRARY(acm, library) {
    library.def("gated_mlp" ACM_ARGUMENTS, run<grouped>);
    library.def("gated_mlp_reference" ACM_ARGUMENTS, run<reference>);
    library.def("mlp(Tensor input, Tensor w1, Tensor b1, Tensor w2, Tensor bias, str activation) -> Tensor", dense);
}

}  // namespace acm::gated_mlp
