// When acm::add_layer_norm and acm::add_layer_norm_choose are one launch, and that they replay in a CUDA graph between
// kernels that overlap. What they give is tested beside the CPU's, in ../add_layer_norm_test.cpp.
#include <ATen/ATen.h>
#include <ATen/autocast_mode.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/cuda/CUDAGraph.h>
#include <c10/core/InferenceMode.h>
#include <c10/cuda/CUDAGuard.h>
#include <check.h>
#include <cuda_runtime_api.h>

#include <cmath>
#include <functional>

using at::Tensor;

namespace {

struct Block {
    Tensor input, residual, weight, bias, gate[6], w1, b1, w2, bias2;
    std::optional<Tensor> scale;
    std::vector<double> offsets;

    Block(int64_t tokens, int64_t channels, at::ScalarType type = at::kBFloat16, int64_t width = 16,
          bool isScaled = false) {
        at::manual_seed(2);
        auto draw = [&](at::IntArrayRef sizes, double scale) {
            return at::randn(sizes, at::TensorOptions(at::kCUDA)).mul_(scale).to(type);
        };
        double inner = 1 / std::sqrt(channels), small = 1 / std::sqrt(width);
        input = draw({tokens, channels}, 1), residual = draw({tokens, channels}, 1);
        weight = draw({channels}, 0.5) + 1, bias = draw({channels}, 0.5);
        gate[0] = draw({width, channels}, inner), gate[1] = draw({width}, 0.5);
        gate[2] = draw({width, width}, small), gate[3] = draw({width}, 0.5);
        gate[4] = draw({5, width}, 2 * small), gate[5] = draw({5}, 0.2);
        w1 = draw({2 * channels, channels}, inner), b1 = draw({2 * channels}, 0.1);
        w2 = draw({channels, 2 * channels}, inner), bias2 = draw({channels}, 0.5);
        offsets = {0, 0.1, 0.2, 0.1, 0};
        if (isScaled) scale = draw({channels}, 0.7);
    }

    std::tuple<Tensor, Tensor> norm(const Tensor &input, const Tensor &residual) const {
        static auto op = c10::Dispatcher::singleton()
                             .findSchemaOrThrow("acm::add_layer_norm", "")
                             .typed<std::tuple<Tensor, Tensor>(const Tensor &, const Tensor &, const Tensor &,
                                                               const Tensor &, double,
                                                               const std::optional<Tensor> &)>();
        return op.call(input, residual, weight, bias, 1e-5, scale);
    }
    std::tuple<Tensor, Tensor, Tensor> choose(const Tensor &input, const Tensor &residual) const {
        static auto op =
            c10::Dispatcher::singleton()
                .findSchemaOrThrow("acm::add_layer_norm_choose", "")
                .typed<std::tuple<Tensor, Tensor, Tensor>(
                    const Tensor &, const Tensor &, const Tensor &, const Tensor &, double, const Tensor &,
                    const Tensor &, const Tensor &, const Tensor &, const Tensor &, const Tensor &,
                    at::ArrayRef<double>, const std::optional<Tensor> &, int64_t, const std::optional<Tensor> &)>();
        return op.call(input, residual, weight, bias, 1e-5, gate[0], gate[1], gate[2], gate[3], gate[4], gate[5],
                       offsets, {}, 0, scale);
    }
    Tensor mlp(const Tensor &input, const Tensor &choice) const {
        static auto op = c10::Dispatcher::singleton()
                             .findSchemaOrThrow("acm::gated_mlp", "")
                             .typed<Tensor(const Tensor &, const Tensor &, const Tensor &, const Tensor &,
                                           const Tensor &, const Tensor &, int64_t, const std::string &)>();
        return op.call(input, choice, w1, b1, w2, bias2, 4, "gelu");
    }
};

/// Runs `body` on a stream of its own, then captures it there.
void capture(at::cuda::CUDAGraph &graph, const std::function<void()> &body) {
    c10::cuda::device_synchronize();
    c10::cuda::CUDAStreamGuard guard(c10::cuda::getStreamFromPool());
    body();  // loads the kernels
    guard.current_stream().synchronize();
    graph.capture_begin();
    body();
    graph.capture_end();
}

size_t launches(const std::function<void()> &body) {
    at::cuda::CUDAGraph graph(/*keep_graph=*/true);
    capture(graph, body);
    size_t count = 0;
    bool isCounted = cudaGraphGetNodes(graph.raw_cuda_graph(), nullptr, &count) == cudaSuccess;
    check::report(isCounted, __FILE__, __LINE__, "the nodes of a graph cannot be counted");
    return count;
}

size_t normLaunches(const Block &block) {
    return launches([&] { block.norm(block.input, block.residual); });
}
size_t chooseLaunches(const Block &block) {
    return launches([&] { block.choose(block.input, block.residual); });
}

}  // namespace

TEST(oneLaunchWhereTheKernelsTakeTheRows) {
    c10::InferenceMode inference;
    for (auto type : {at::kBFloat16, at::kHalf})
        for (int64_t channels : {8, 384, 768, 1024, 1280})
            for (int64_t width : {16, 32, 64})
                for (bool isScaled : {false, true}) {
                    Block block(197, channels, type, width, isScaled);
                    EXPECT(normLaunches(block) == 1 && chooseLaunches(block) == 1);
                }
}

TEST(severalLaunchesWhereTheyDoNot) {
    c10::InferenceMode inference;
    for (int64_t channels : {36, 1288}) {  // no multiple of 8; too many
        Block block(50, channels);
        EXPECT(normLaunches(block) == 2 && chooseLaunches(block) > 2);
        Block scaled(50, channels, at::kBFloat16, 16, /*isScaled=*/true);
        EXPECT(normLaunches(scaled) == 3 && chooseLaunches(scaled) > 3);
    }
    Block wide(50, 64, at::kFloat), widths(50, 64, at::kBFloat16, 24);
    EXPECT(normLaunches(wide) == 2 && chooseLaunches(wide) > 2);
    EXPECT(normLaunches(widths) == 1 && chooseLaunches(widths) > 2);
}

TEST(severalLaunchesWithGradientsOrAutocast) {
    Block scaled(50, 64, at::kBFloat16, 16, /*isScaled=*/true);
    EXPECT(normLaunches(scaled) == 1 && chooseLaunches(scaled) == 1);
    scaled.scale->requires_grad_();
    EXPECT(normLaunches(scaled) == 3 && chooseLaunches(scaled) == 4);
    Block block(50, 64);
    EXPECT(normLaunches(block) == 1 && chooseLaunches(block) == 1);  // nothing requires gradients
    block.weight.requires_grad_();
    EXPECT(normLaunches(block) == 2 && chooseLaunches(block) == 3);
    {
        at::NoGradGuard guard;
        EXPECT(normLaunches(block) == 1 && chooseLaunches(block) == 1);
        at::autocast::set_autocast_dtype(at::kCUDA, at::kBFloat16);
        at::autocast::set_autocast_enabled(at::kCUDA, true);
        size_t casts = normLaunches(block), casting = chooseLaunches(block);
        at::autocast::set_autocast_enabled(at::kCUDA, false);
        at::autocast::clear_cache();
        EXPECT(casts >= 2 && casting > 2);
    }
}

/// Two blocks, so that each kernel starts while another's last blocks run.
TEST(blocksReplayInAGraph) {
    c10::InferenceMode inference;
    for (int64_t channels : {256, 1280})
        for (int64_t tokens : {1, 197, 1577, 25217}) {
            Block block(tokens, channels, at::kBFloat16, 16, /*isScaled=*/channels == 1280);
            std::vector<Tensor> results, captured;
            auto run = [&] {
                results.clear();
                Tensor state = block.residual, context = block.input;
                for (int i = 0; i < 2; ++i) {
                    auto [sum, normed, choice] = block.choose(context, state);
                    Tensor output = block.mlp(normed, choice);
                    auto [next, nextNormed] = block.norm(output, sum);
                    results.insert(results.end(), {sum, normed, choice, next, nextNormed});
                    state = next, context = nextNormed;
                }
            };
            at::cuda::CUDAGraph graph;
            capture(graph, run);
            captured = results;
            for (int repetition = 0; repetition < 5; ++repetition) {
                block.input.normal_();
                block.residual.normal_();
                for (Tensor &tensor : captured) tensor.zero_();
                graph.replay();
                run();
                bool isEqual = true;
                for (size_t i = 0; i < results.size(); ++i) isEqual = isEqual && at::equal(captured[i], results[i]);
                check::report(isEqual, __FILE__, __LINE__,
                              "a graph of " + std::to_string(tokens) + " tokens of " + std::to_string(channels) +
                                  " channels gives something else");
            }
            EXPECT(tokens == 1 || results[2].min().item<int64_t>() < results[2].max().item<int64_t>());
        }
}
