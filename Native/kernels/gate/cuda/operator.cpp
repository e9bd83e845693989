// acm::gate_choice on CUDA devices: the kernel where it takes the layers, else libtorch's operators.
#include <c10/cuda/CUDAGuard.h>
#include <c10/cuda/CUDAStream.h>
#include <torch/library.h>

#include "layers.h"

namespace acm::gate::cuda {

namespace {

at::Tensor run(const at::Tensor &input, const at::Tensor &w1, const at::Tensor &b1, const at::Tensor &w2,
               const at::Tensor &b2, const at::Tensor &w3, const at::Tensor &b3,
               at::ArrayRef<double> offsets, const std::optional<at::Tensor> &term, int64_t minimum) {
    Arguments arguments{input, w1, b1, w2, b2, w3, b3, offsets, term, minimum};
    check(arguments);
    c10::cuda::OptionalCUDAGuard guard(input.device());
    if (!isForKernels(input) || !takes(input.size(-1), arguments.width(), arguments.choices()))
        return viaATen(arguments);
    Layers layers(arguments);
    at::Tensor rows = gpu::withAlignedRows(input.reshape({layers.gate.tokens, layers.gate.channels}));
    choose({rows.const_data_ptr(), rows.stride(0), layers.gate}, typeOf(input),
           static_cast<int>(arguments.width()), mayStartEarly(input),
           c10::cuda::getCurrentCUDAStream(input.device().index()).stream());
    return layers.choice;
}

TORCH_LIBRARY_IMPL(acm, CUDA, library) { library.impl("gate_choice", run); }

}  // namespace

}  // namespace acm::gate::cuda
