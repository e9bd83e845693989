// acm::gate_choice on CUDA devices: the kernel where it takes the layers, else libtorch's operators.
#include <ATen/autocast_mode.h>
#include <ATen/ops/empty.h>
#include <c10/cuda/CUDAGuard.h>
#include <c10/cuda/CUDAStream.h>
#include <torch/library.h>

#include <algorithm>

#include "../../cuda/aligned.h"
#include "../op.h"
#include "launch.h"

namespace acm::gate::cuda {

namespace {

at::Tensor run(const at::Tensor &input, const at::Tensor &w1, const at::Tensor &b1, const at::Tensor &w2,
               const at::Tensor &b2, const at::Tensor &w3, const at::Tensor &b3,
               at::ArrayRef<double> offsets, const std::optional<at::Tensor> &term, int64_t minimum) {
    Arguments arguments{input, w1, b1, w2, b2, w3, b3, offsets, term, minimum};
    check(arguments);
    c10::cuda::OptionalCUDAGuard guard(input.device());
    const gpu::Device &device = gpu::device(input.device().index());
    int64_t channels = w1.size(1), tokens = channels == 0 ? 0 : input.numel() / channels;
    auto type = input.scalar_type();
    constexpr int64_t most = 1 << 30;
    bool isTaken = (type == at::kBFloat16 || type == at::kHalf) && tokens > 0 && tokens < most &&
                   takes(channels, arguments.width(), arguments.choices());
    if (!isTaken || device.major < 8 || at::autocast::is_autocast_enabled(at::kCUDA)) return viaATen(arguments);

    at::Tensor rows = gpu::withAlignedRows(input.reshape({tokens, channels}));
    at::Tensor weights[] = {gpu::alignedWhole(w1), gpu::alignedWhole(b1), gpu::alignedWhole(w2),
                            gpu::alignedWhole(b2), gpu::alignedWhole(w3), gpu::alignedWhole(b3)};
    at::Tensor result = at::empty(input.sizes().slice(0, input.dim() - 1), input.options().dtype(at::kLong));
    at::Tensor added = term ? term->to(at::kFloat).contiguous() : at::Tensor();
    Call call = {};
    call.input = rows.const_data_ptr();
    call.inputStride = rows.stride(0);
    call.w1 = weights[0].const_data_ptr();
    call.b1 = weights[1].const_data_ptr();
    call.w2 = weights[2].const_data_ptr();
    call.b2 = weights[3].const_data_ptr();
    call.w3 = weights[4].const_data_ptr();
    call.b3 = weights[5].const_data_ptr();
    call.term = term ? added.const_data_ptr<float>() : nullptr;
    call.choice = result.mutable_data_ptr<int64_t>();
    call.tokens = static_cast<int>(tokens);
    call.channels = static_cast<int>(channels);
    call.choices = static_cast<int>(arguments.choices());
    call.minimum = static_cast<int>(minimum);
    std::copy(offsets.begin(), offsets.end(), call.offsets);
    choose(call, type == at::kBFloat16 ? Type::bfloat16 : Type::float16,
                 static_cast<int>(arguments.width()), device.major >= 9,
                 c10::cuda::getCurrentCUDAStream(input.device().index()).stream());
    return result;
}

TORCH_LIBRARY_IMPL(acm, CUDA, library) { library.impl("gate_choice", run); }

}  // namespace

}  // namespace acm::gate::cuda
