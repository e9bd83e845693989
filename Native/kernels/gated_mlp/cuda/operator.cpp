// Chooses the implementation of acm::gated_mlp on CUDA devices, and lends the kernels memory.
#include <ATen/Context.h>
#include <ATen/autocast_mode.h>
#include <ATen/core/LegacyTypeDispatch.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/linear.h>
#include <c10/cuda/CUDAGuard.h>
#include <c10/cuda/CUDAStream.h>
#include <torch/library.h>

#include <cstdlib>
#include <fstream>
#include <optional>

#include "../../cuda/aligned.h"
#include "../../cuda/gradients.h"
#include "../op.h"
#include "launch.h"
#include "tunings.h"

namespace acm::gated_mlp::cuda {

namespace {

std::optional<Type> typeOf(at::ScalarType type) {
    if (type == at::kBFloat16) return Type::bfloat16;
    if (type == at::kHalf) return Type::float16;
    if (type == at::kFloat) return Type::float32;
    return {};
}

enum class Path { automatic, masked, hopper, ampere, grouped };

/// Up to so many tokens, and tokens times hidden channels, the dense products run, whatever the choices (README.md).
constexpr int64_t maskedTokens = 1024, maskedHidden = 1024 * 3072;

at::Tensor viaATen(Arguments arguments) {
    checkChoices(arguments);
    return grouped(arguments);
}

/// What the file of measured tiles holds; nothing, and one warning, if it is not of this library's kernels.
std::vector<Tuning> readTunings() {
    const char *named = std::getenv("ACM_TILINGS");
    std::string path = tuningsPath(named, std::getenv("XDG_CACHE_HOME"), std::getenv("HOME"));
    if (path.empty()) return {};
    try {
        std::ifstream file(path);
        if (!file) {
            if (!named) return {};
            throw std::runtime_error("it cannot be read");
        }
        auto tunings = parseTunings(file);
        for (const Tuning &tuning : tunings)
            if (!hopperHas(tuning.layer.type == "bfloat16" ? Type::bfloat16 : Type::float16, tuning.tilings))
                throw std::runtime_error("it has tiles that no kernel here is compiled for, for " +
                                         std::to_string(tuning.tokens) + " tokens");
        return tunings;
    } catch (const std::runtime_error &error) {
        TORCH_WARN("acm::gated_mlp: the tiles in ", path, " are not used: ", error.what());
        return {};
    }
}

/// The tiles that were measured for such a call, else those of the model.
Tilings tilingsFor(const Call &call, const std::string &gpu) {
    static const std::vector<Tuning> tunings = readTunings();
    const Tuning *found = nearest(tunings,
                                  {gpu, call.type == Type::bfloat16 ? "bfloat16" : "float16", call.channels,
                                   call.hidden(), call.outputs, call.learners},
                                  call.tokens);
    return found ? found->tilings : hopperTilings(call);
}

/// The result in the shape [tokens, outputs]. Nothing here waits for the device, except grouped().
at::Tensor forward(Arguments arguments, Path path, const std::optional<Tilings> &tilings) {
    auto type = typeOf(arguments.input.scalar_type());
    int64_t tokens = arguments.input.size(0), hidden = arguments.w1.size(0);
    int64_t outputs = arguments.w2.size(0), channels = arguments.input.size(1);
    auto index = static_cast<int>(arguments.input.device().index());
    const gpu::Device &device = gpu::device(index);
    constexpr int64_t most = 1 << 30;
    bool fits = type && device.major >= 8 && tokens > 0 && channels > 0 && hidden > 0 && outputs > 0 &&
                tokens < most && channels < most && hidden < most && outputs < most;
    if (path == Path::grouped || (path == Path::automatic && !fits)) return viaATen(arguments);
    TORCH_CHECK(fits, "acm::gated_mlp_cuda: the kernels do not take this type, shape or device");
    if (path == Path::automatic && tokens <= maskedTokens && tokens * hidden <= maskedHidden) path = Path::masked;

    c10::cuda::OptionalCUDAGuard guard(arguments.input.device());
    at::Tensor choice = arguments.choice.contiguous();
    Call call = {};
    call.type = *type;
    call.activation = static_cast<int>(arguments.activation);
    call.learners = static_cast<int>(arguments.learners);
    call.learnerWidth = static_cast<int>(hidden / arguments.learners);
    call.channels = static_cast<int>(channels);
    call.outputs = static_cast<int>(outputs);
    call.tokens = tokens;
    call.choice = choice.const_data_ptr();
    call.wideChoice = choice.scalar_type() == at::kLong;
    call.device = index;
    call.multiprocessors = device.multiprocessors;
    call.isHopper = device.major == 9;
    call.stream = c10::cuda::getCurrentCUDAStream(static_cast<c10::DeviceIndex>(index)).stream();
    if (path == Path::masked) {
        at::Tensor sums = at::linear(arguments.input, arguments.w1, arguments.b1);
        call.hiddenBuffer = sums.mutable_data_ptr();
        activateChosen(call);
        return at::linear(sums, arguments.w2, arguments.bias);
    }

    at::Tensor input = gpu::withAlignedRows(arguments.input);
    at::Tensor w1 = gpu::withAlignedRows(arguments.w1), w2 = gpu::withAlignedRows(arguments.w2);
    at::Tensor b1 = gpu::alignedWhole(arguments.b1), bias = gpu::alignedWhole(arguments.bias);
    call.input = input.const_data_ptr();
    call.inputStride = input.stride(0);
    call.w1 = w1.const_data_ptr();
    call.b1 = b1.const_data_ptr();
    call.w2 = w2.const_data_ptr();
    call.bias = bias.const_data_ptr();
    call.w1Stride = w1.stride(0);
    call.w2Stride = w2.stride(0);

    bool takesHopper = device.major == 9 && hopperTakes(call);
    // Ampere's kernels multiply float32 as TF32, which must be allowed as for libtorch's products.
    bool mayTake = call.type != Type::float32 || at::globalContext().allowTF32CuBLAS();
    bool takesAmpere = mayTake && ampereTakes(call);
    if (path == Path::automatic)
        path = takesHopper ? Path::hopper : takesAmpere ? Path::ampere : Path::grouped;
    if (path == Path::grouped) return viaATen(arguments);
    TORCH_CHECK(path == Path::hopper ? takesHopper : takesAmpere,
                "acm::gated_mlp_cuda: the kernels do not take this shape on this device");

    at::Tensor output = at::empty({tokens, outputs}, input.options());
    int64_t hiddenBytes = tokens * hidden * static_cast<int64_t>(input.element_size());
    int64_t orderStart = (hiddenBytes + 255) / 256 * 256;
    at::Tensor scratch = at::empty({orderStart + orderInts(tokens) * int64_t{sizeof(int)}},
                                   input.options().dtype(at::kByte));
    auto *scratchBytes = static_cast<uint8_t *>(scratch.mutable_data_ptr());
    call.output = output.mutable_data_ptr();
    call.hiddenBuffer = scratchBytes;
    call.orderBuffer = reinterpret_cast<int *>(scratchBytes + orderStart);
    if (path == Path::hopper)
        hopper(call, tilings ? *tilings : tilingsFor(call, device.name));
    else
        ampere(call);
    return output;
}

/// Casts as autocast would for linear layers.
void castForAutocast(Arguments &arguments) {
    if (!at::autocast::is_autocast_enabled(at::kCUDA)) return;
    auto type = at::autocast::get_autocast_dtype(at::kCUDA);
    for (at::Tensor *tensor : {&arguments.input, &arguments.w1, &arguments.b1, &arguments.w2, &arguments.bias})
        if (tensor->scalar_type() != at::kDouble) *tensor = tensor->to(type);
}

at::Tensor run(const at::Tensor &input, const at::Tensor &choice, const at::Tensor &w1,
               const at::Tensor &b1, const at::Tensor &w2, const at::Tensor &bias,
               int64_t learners, const std::string &activation, Path path,
               const std::optional<Tilings> &tilings) {
    Arguments arguments = checked(input, choice, w1, b1, w2, bias, learners, activation);
    castForAutocast(arguments);
    at::Tensor output = forward(std::move(arguments), path, tilings);
    auto shape = input.sizes().vec();
    shape.back() = w2.size(0);
    return output.reshape(shape);
}

at::Tensor withoutGradients(const at::Tensor &input, const at::Tensor &choice, const at::Tensor &w1,
                            const at::Tensor &b1, const at::Tensor &w2, const at::Tensor &bias,
                            int64_t learners, const std::string &activation) {
    return run(input, choice, w1, b1, w2, bias, learners, activation, Path::automatic, {});
}

/// Gradients come from the operators that grouped() is made of.
at::Tensor withGradients(const at::Tensor &input, const at::Tensor &choice, const at::Tensor &w1,
                         const at::Tensor &b1, const at::Tensor &w2, const at::Tensor &bias,
                         int64_t learners, const std::string &activation) {
    if (gpu::areDifferentiated({input, w1, b1, w2, bias})) {
        Arguments arguments = checked(input, choice, w1, b1, w2, bias, learners, activation);
        auto shape = input.sizes().vec();
        shape.back() = w2.size(0);
        return viaATen(std::move(arguments)).reshape(shape);
    }
    at::AutoDispatchBelowADInplaceOrView guard;
    return withoutGradients(input, choice, w1, b1, w2, bias, learners, activation);
}

/// From so many tokens on Hopper's kernels are about as fast as libtorch's three calls, then faster (README.md).
constexpr int64_t manyTokens = 4096;

/// The dense network: with many tokens on Hopper one learner that all of them run.
at::Tensor dense(const at::Tensor &input, const at::Tensor &w1, const at::Tensor &b1, const at::Tensor &w2,
                 const at::Tensor &bias, const std::string &activation) {
    bool casts = at::autocast::is_autocast_enabled(at::kCUDA);
    auto type = casts ? at::autocast::get_autocast_dtype(at::kCUDA) : input.scalar_type();
    bool fits = input.dim() > 0 && w1.dim() == 2 && w2.dim() == 2 && (type == at::kBFloat16 || type == at::kHalf) &&
                input.numel() >= manyTokens * input.size(-1) && gpu::device(input.device().index()).major == 9;
    for (const at::Tensor &weight : {w1, w2}) fits = fits && weight.size(0) % 8 == 0 && weight.size(1) % 8 == 0;
    if (!fits) return gated_mlp::dense(input, w1, b1, w2, bias, activation);
    at::Tensor all = at::ones(input.sizes().slice(0, input.dim() - 1), input.options().dtype(at::kInt));
    return run(input, all, w1, b1, w2, bias, /*learners=*/1, activation, Path::automatic, {});
}

at::Tensor denseWithGradients(const at::Tensor &input, const at::Tensor &w1, const at::Tensor &b1,
                              const at::Tensor &w2, const at::Tensor &bias, const std::string &activation) {
    if (gpu::areDifferentiated({input, w1, b1, w2, bias}))
        return gated_mlp::dense(input, w1, b1, w2, bias, activation);
    at::AutoDispatchBelowADInplaceOrView guard;
    return dense(input, w1, b1, w2, bias, activation);
}

/// For tests and measurements: one path, and its tiles if `tiles` has those of both products.
at::Tensor onPath(const at::Tensor &input, const at::Tensor &choice, const at::Tensor &w1,
                  const at::Tensor &b1, const at::Tensor &w2, const at::Tensor &bias,
                  int64_t learners, const std::string &activation, const std::string &pathName,
                  at::IntArrayRef tiles) {
    Path path = Path::automatic;
    if (pathName == "masked") path = Path::masked;
    else if (pathName == "hopper") path = Path::hopper;
    else if (pathName == "ampere") path = Path::ampere;
    else if (pathName == "grouped") path = Path::grouped;
    else TORCH_CHECK(pathName == "automatic", "acm::gated_mlp_cuda: path must be automatic, masked, "
                     "hopper, ampere or grouped, found \"", pathName, "\"");
    std::optional<Tilings> tilings;
    if (!tiles.empty()) {
        TORCH_CHECK(tiles.size() == 5, "acm::gated_mlp_cuda: tiles must be the columns and sharing of the "
                    "first product, and the columns, sharing and splits of the second");
        auto number = [&](size_t at) { return static_cast<int>(tiles[at]); };
        tilings = {{number(0), number(1), 1}, {number(2), number(3), number(4)}};
    }
    return run(input, choice, w1, b1, w2, bias, learners, activation, path, tilings);
}

TORCH_LIBRARY_FRAGMENT(acm, library) {
    library.def(
        "gated_mlp_cuda(Tensor input, Tensor choice, Tensor w1, Tensor b1, Tensor w2, Tensor bias, "
        "int learners, str activation, str path, int[] tiles) -> Tensor",
        onPath);
}
TORCH_LIBRARY_IMPL(acm, CUDA, library) {
    library.impl("gated_mlp", withoutGradients);
    library.impl("mlp", dense);
}
TORCH_LIBRARY_IMPL(acm, AutogradCUDA, library) {
    library.impl("gated_mlp", withGradients);
    library.impl("mlp", denseWithGradients);
}

}  // namespace

}  // namespace acm::gated_mlp::cuda
