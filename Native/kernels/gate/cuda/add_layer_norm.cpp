// acm::add_layer_norm and acm::add_layer_norm_choose on CUDA devices: the kernels where they take the rows, else the
// operators that these are made of.
#include <ATen/core/LegacyTypeDispatch.h>
#include <c10/cuda/CUDAGuard.h>
#include <c10/cuda/CUDAStream.h>
#include <torch/library.h>

#include "../../cuda/gradients.h"
#include "layers.h"

namespace acm::gate::cuda {

namespace {

bool areNormalised(const NormArguments &a) {
    for (const at::Tensor &other : {a.residual, a.weight, a.bias, a.scale.value_or(a.input)})
        if (other.scalar_type() != a.input.scalar_type()) return false;
    return isForKernels(a.input) && normalises(a.input.size(-1));
}

/// Rows and room for their sums and norms, which live as long as this.
struct Rows {
    at::Tensor input, residual, weight, bias, scale, sum, normed;
    NormCall call = {};

    explicit Rows(const NormArguments &a)
        : input(gpu::withAlignedRows(a.input.reshape({-1, a.input.size(-1)}))),
          residual(gpu::withAlignedRows(a.residual.reshape({-1, a.input.size(-1)}))),
          weight(gpu::alignedWhole(a.weight)),
          bias(gpu::alignedWhole(a.bias)),
          scale(a.scale ? gpu::alignedWhole(*a.scale) : at::Tensor()),
          sum(at::empty(a.input.sizes(), a.input.options())),
          normed(at::empty(a.input.sizes(), a.input.options())) {
        call.input = input.const_data_ptr();
        call.residual = residual.const_data_ptr();
        call.inputStride = input.stride(0);
        call.residualStride = residual.stride(0);
        call.weight = weight.const_data_ptr();
        call.bias = bias.const_data_ptr();
        call.scale = a.scale ? scale.const_data_ptr() : nullptr;
        call.sum = sum.mutable_data_ptr();
        call.normed = normed.mutable_data_ptr();
        call.tokens = static_cast<int>(input.size(0));
        call.channels = static_cast<int>(input.size(1));
        call.epsilon = static_cast<float>(a.epsilon);
    }
};

std::tuple<at::Tensor, at::Tensor> addNormWithoutGradients(
    const at::Tensor &input, const at::Tensor &residual, const at::Tensor &weight, const at::Tensor &bias,
    double epsilon, const std::optional<at::Tensor> &scale) {
    NormArguments arguments{input, residual, weight, bias, epsilon, scale};
    check(arguments);
    if (!areNormalised(arguments)) return viaATen(arguments);
    c10::cuda::OptionalCUDAGuard guard(input.device());
    Rows rows(arguments);
    addNorm(rows.call, typeOf(input), mayStartEarly(input),
            c10::cuda::getCurrentCUDAStream(input.device().index()).stream());
    return {rows.sum, rows.normed};
}

std::tuple<at::Tensor, at::Tensor, at::Tensor> addNormChooseWithoutGradients(
    const at::Tensor &input, const at::Tensor &residual, const at::Tensor &weight, const at::Tensor &bias,
    double epsilon, const at::Tensor &w1, const at::Tensor &b1, const at::Tensor &w2, const at::Tensor &b2,
    const at::Tensor &w3, const at::Tensor &b3, at::ArrayRef<double> offsets,
    const std::optional<at::Tensor> &term, int64_t minimum, const std::optional<at::Tensor> &scale) {
    NormArguments arguments{input, residual, weight, bias, epsilon, scale};
    check(arguments);
    Arguments gate{input, w1, b1, w2, b2, w3, b3, offsets, term, minimum};
    if (!areNormalised(arguments)) return viaATen(arguments, gate);
    check(gate);  // whose own input is like this one
    if (!takes(input.size(-1), gate.width(), gate.choices())) return viaATen(arguments, gate);
    c10::cuda::OptionalCUDAGuard guard(input.device());
    Rows rows(arguments);
    Layers layers(gate);
    addNormChoose({rows.call, layers.gate}, typeOf(input), static_cast<int>(gate.width()), input.device().index(),
                  mayStartEarly(input), c10::cuda::getCurrentCUDAStream(input.device().index()).stream());
    return {rows.sum, rows.normed, layers.choice};
}

/// Gradients come from the operators that these are made of.
std::tuple<at::Tensor, at::Tensor> addNormWithGradients(
    const at::Tensor &input, const at::Tensor &residual, const at::Tensor &weight, const at::Tensor &bias,
    double epsilon, const std::optional<at::Tensor> &scale) {
    if (gpu::areDifferentiated({input, residual, weight, bias, scale.value_or(input)})) {
        NormArguments arguments{input, residual, weight, bias, epsilon, scale};
        check(arguments);
        return viaATen(arguments);
    }
    at::AutoDispatchBelowADInplaceOrView guard;
    return addNormWithoutGradients(input, residual, weight, bias, epsilon, scale);
}

std::tuple<at::Tensor, at::Tensor, at::Tensor> addNormChooseWithGradients(
    const at::Tensor &input, const at::Tensor &residual, const at::Tensor &weight, const at::Tensor &bias,
    double epsilon, const at::Tensor &w1, const at::Tensor &b1, const at::Tensor &w2, const at::Tensor &b2,
    const at::Tensor &w3, const at::Tensor &b3, at::ArrayRef<double> offsets,
    const std::optional<at::Tensor> &term, int64_t minimum, const std::optional<at::Tensor> &scale) {
    if (gpu::areDifferentiated({input, residual, weight, bias, scale.value_or(input)})) {
        NormArguments arguments{input, residual, weight, bias, epsilon, scale};
        check(arguments);
        return viaATen(arguments, {{}, w1, b1, w2, b2, w3, b3, offsets, term, minimum});
    }
    at::AutoDispatchBelowADInplaceOrView guard;
    return addNormChooseWithoutGradients(input, residual, weight, bias, epsilon, w1, b1, w2, b2, w3, b3, offsets,
                                         term, minimum, scale);
}

TORCH_LIBRARY_IMPL(acm, CUDA, library) {
    library.impl("add_layer_norm", addNormWithoutGradients);
    library.impl("add_layer_norm_choose", addNormChooseWithoutGradients);
}
TORCH_LIBRARY_IMPL(acm, AutogradCUDA, library) {
    library.impl("add_layer_norm", addNormWithGradients);
    library.impl("add_layer_norm_choose", addNormChooseWithGradients);
}

}  // namespace

}  // namespace acm::gate::cuda
