#include <ATen/ops/zeros.h>
#include <torch/library.h>

#include <cstring>

#include "packed.h"

namespace acm::cpu {

namespace {

using gated_mlp::Activation;

Precision precision(const char *what, const std::string &name) {
    if (name == "float32") return Precision::float32;
    if (name == "bfloat16") return Precision::bfloat16;
    if (name == "int8") return Precision::int8;
    TORCH_CHECK(false, what, "precision must be float32, bfloat16 or int8, found \"", name, "\"");
}

/// Weights as the packing reads them.
at::Tensor plain(const char *what, const char *name, const at::Tensor &weight) {
    TORCH_CHECK(weight.device().is_cpu(), what, name, " must be on cpu, found on ", weight.device());
    TORCH_CHECK(at::isFloatingType(weight.scalar_type()), what, name, " must hold real numbers, found ",
                weight.scalar_type());
    return weight.detach().to(at::kFloat).contiguous();
}

at::Tensor packGated(const at::Tensor &w1, const at::Tensor &b1, const at::Tensor &w2,
                     const at::Tensor &bias, int64_t learners, const std::string &activationName,
                     const std::string &precisionName) {
    constexpr auto what = "acm::gated_mlp_pack: ";
    TORCH_CHECK(learners >= 1, what, "learners must be at least 1, found ", learners);
    TORCH_CHECK(w1.dim() == 2, what, "w1 must be [hidden, channels], found ", w1.sizes());
    int64_t hidden = w1.size(0);
    TORCH_CHECK(hidden % learners == 0, what, "hidden width ", hidden, " is not a multiple of ", learners,
                " learners");
    TORCH_CHECK(b1.dim() == 1 && b1.size(0) == hidden, what, "b1 must be [", hidden, "], found ",
                b1.sizes());
    TORCH_CHECK(w2.dim() == 2 && w2.size(1) == hidden, what, "w2 must be [output, ", hidden,
                "], found ", w2.sizes());
    TORCH_CHECK(bias.dim() == 1 && bias.size(0) == w2.size(0), what, "bias must be [", w2.size(0),
                "], found ", bias.sizes());
    Header header{Header::gated, static_cast<int64_t>(precision(what, precisionName)),
                  static_cast<int64_t>(gated_mlp::activation(activationName, what)), w1.size(1),
                  w2.size(0), learners, hidden / learners, 0};
    return pack(header, plain(what, "w1", w1), plain(what, "b1", b1), plain(what, "w2", w2),
                plain(what, "bias", bias));
}

at::Tensor packLinear(const at::Tensor &weight, const std::optional<at::Tensor> &bias,
                      const std::string &precisionName) {
    constexpr auto what = "acm::linear_pack: ";
    TORCH_CHECK(weight.dim() == 2, what, "weight must be [output, channels], found ", weight.sizes());
    if (bias)
        TORCH_CHECK(bias->dim() == 1 && bias->size(0) == weight.size(0), what, "bias must be [",
                    weight.size(0), "], found ", bias->sizes());
    Header header{Header::linear, static_cast<int64_t>(precision(what, precisionName)), 0,
                  weight.size(1), weight.size(0), 0, 0, 0};
    return pack(header, {}, {}, plain(what, "weight", weight),
                bias ? plain(what, "bias", *bias) : at::zeros({weight.size(0)}));
}

/// The plan of packed weights, if they are what `kind` packs.
Plan plan(const char *what, const at::Tensor &packed, int64_t kind) {
    auto maker = kind == Header::gated ? "acm::gated_mlp_pack" : "acm::linear_pack";
    Header header{};
    bool fits = packed.device().is_cpu() && packed.scalar_type() == at::kByte && packed.dim() == 1 &&
                packed.is_contiguous() && packed.numel() >= static_cast<int64_t>(sizeof header);
    if (fits) std::memcpy(&header, packed.const_data_ptr<uint8_t>(), sizeof header);
    fits = fits && header.kind == kind && header.precision >= 0 && header.precision <= 2;
    for (int64_t size : {header.channels, header.outputs, header.learners, header.learnerWidth})
        fits = fits && size >= 0 && size < int64_t{1} << 31;
    Plan plan(fits ? header : Header{kind, 0, 0, 0, 0, 0, 0, 0});
    TORCH_CHECK(fits && plan.bytes == packed.numel(), what, "packed must be what ", maker, " returned");
    return plan;
}

/// What both layers check of a call; the shape of the result goes to `shape`.
Call checked(const char *what, const at::Tensor &input, const at::Tensor &packed, int64_t kind,
             const std::optional<at::Tensor> &residual, std::vector<int64_t> &shape) {
    Plan plan = cpu::plan(what, packed, kind);
    TORCH_CHECK(input.dim() >= 1 && input.size(-1) == plan.channels, what, "input must be [..., ",
                plan.channels, "], found ", input.sizes());
    TORCH_CHECK(input.device().is_cpu(), what, "input must be on cpu, found on ", input.device());
    TORCH_CHECK(input.scalar_type() == at::kFloat || input.scalar_type() == at::kBFloat16, what,
                "input must hold Float or BFloat16, found ", input.scalar_type());
    shape = input.sizes().vec();
    shape.back() = plan.outputs;
    int64_t tokens = c10::multiply_integers(input.sizes().slice(0, input.dim() - 1));
    auto matrix = [tokens](const at::Tensor &tensor, int64_t width) {
        at::Tensor flat = tensor.detach().reshape({tokens, width});
        return flat.stride(1) == 1 ? flat : flat.contiguous();
    };
    Call call{plan, reinterpret_cast<const char *>(packed.const_data_ptr<uint8_t>()),
              matrix(input, plan.channels), std::nullopt};
    if (residual) {
        TORCH_CHECK(residual->sizes() == at::IntArrayRef(shape), what, "residual must be ",
                    at::IntArrayRef(shape), ", found ", residual->sizes());
        TORCH_CHECK(residual->device().is_cpu(), what, "residual must be on cpu, found on ",
                    residual->device());
        TORCH_CHECK(residual->scalar_type() == input.scalar_type(), what, "residual must hold ",
                    input.scalar_type(), " as input does, found ", residual->scalar_type());
        call.residual = matrix(*residual, plan.outputs);
    }
    return call;
}

at::Tensor runGated(const at::Tensor &input, const at::Tensor &choice, const at::Tensor &packed,
                    const std::optional<at::Tensor> &residual) {
    constexpr auto what = "acm::gated_mlp_packed: ";
    std::vector<int64_t> shape;
    Call call = checked(what, input, packed, Header::gated, residual, shape);
    TORCH_CHECK(choice.sizes() == input.sizes().slice(0, input.dim() - 1), what,
                "choice must have the shape of input without its last axis, ",
                input.sizes().slice(0, input.dim() - 1), ", found ", choice.sizes());
    TORCH_CHECK(choice.device().is_cpu(), what, "choice must be on cpu, found on ", choice.device());
    TORCH_CHECK(at::isIntegralType(choice.scalar_type(), /*includeBool=*/false), what,
                "choice must hold integers, found ", choice.scalar_type());
    return gated(call, choice.reshape(-1).to(at::kLong).contiguous()).view(shape);
}

at::Tensor runLinear(const at::Tensor &input, const at::Tensor &packed, const std::string &activationName,
                     const std::optional<at::Tensor> &residual) {
    constexpr auto what = "acm::linear_packed: ";
    std::vector<int64_t> shape;
    Call call = checked(what, input, packed, Header::linear, residual, shape);
    return linear(call, gated_mlp::activation(activationName, what)).view(shape);
}

}  // namespace

TORCH_LIBRARY_FRAGMENT(acm, library) {
    library.def("gated_mlp_pack(Tensor w1, Tensor b1, Tensor w2, Tensor bias, int learners, "
                "str activation, str precision) -> Tensor", packGated);
    library.def("gated_mlp_packed(Tensor input, Tensor choice, Tensor packed, Tensor? residual=None) "
                "-> Tensor", runGated);
    library.def("linear_pack(Tensor weight, Tensor? bias, str precision) -> Tensor", packLinear);
    library.def("linear_packed(Tensor input, Tensor packed, str activation=\"identity\", "
                "Tensor? residual=None) -> Tensor", runLinear);
}

}  // namespace acm::cpu
