// The gate and the gated network behind it in a CUDA graph, whose kernels overlap.
#include <ATen/ATen.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/cuda/CUDAGraph.h>
#include <c10/core/InferenceMode.h>
#include <c10/cuda/CUDAGuard.h>
#include <check.h>

#include <cmath>

using at::Tensor;

namespace {

struct Module {
    Tensor gate[6], w1, b1, w2, bias;
    std::vector<double> offsets = {0, 0.1, 0.2, 0.1, 0};

    explicit Module(int64_t channels) {
        at::manual_seed(2);
        auto draw = [](at::IntArrayRef sizes, double scale) {
            return at::randn(sizes, at::TensorOptions(at::kCUDA)).mul_(scale).to(at::kBFloat16);
        };
        double inner = 1 / std::sqrt(channels);
        gate[0] = draw({16, channels}, inner), gate[1] = draw({16}, 0.5);
        gate[2] = draw({16, 16}, 0.25), gate[3] = draw({16}, 0.5);
        gate[4] = draw({5, 16}, 0.5), gate[5] = draw({5}, 0.2);
        w1 = draw({4 * channels, channels}, inner), b1 = draw({4 * channels}, 0.1);
        w2 = draw({channels, 4 * channels}, inner / 2), bias = draw({channels}, 0.5);
    }

    Tensor choice(const Tensor &input) const {
        static auto op = c10::Dispatcher::singleton()
                             .findSchemaOrThrow("acm::gate_choice", "")
                             .typed<Tensor(const Tensor &, const Tensor &, const Tensor &, const Tensor &,
                                           const Tensor &, const Tensor &, const Tensor &, at::ArrayRef<double>,
                                           const std::optional<Tensor> &, int64_t)>();
        return op.call(input, gate[0], gate[1], gate[2], gate[3], gate[4], gate[5], offsets, {}, 0);
    }
    Tensor output(const Tensor &input, const Tensor &choice) const {
        static auto op = c10::Dispatcher::singleton()
                             .findSchemaOrThrow("acm::gated_mlp", "")
                             .typed<Tensor(const Tensor &, const Tensor &, const Tensor &, const Tensor &,
                                           const Tensor &, const Tensor &, int64_t, const std::string &)>();
        return op.call(input, choice, w1, b1, w2, bias, 4, "gelu");
    }
};

}  // namespace

/// Three modules one after the other, so that the gate of one starts while the last product before it ends.
TEST(gatesAndModulesReplayInAGraph) {
    c10::InferenceMode inference;
    Module module(256);
    for (int64_t tokens : {1, 197, 1576, 25216, 70001}) {
        Tensor input = at::randn({tokens, 256}, at::TensorOptions(at::kCUDA)).to(at::kBFloat16);
        std::vector<Tensor> choices(3);
        auto run = [&] {
            Tensor state = input;
            for (Tensor &choice : choices) {
                choice = module.choice(state);
                state = module.output(state, choice);
            }
            return state;
        };
        Tensor captured;
        std::vector<Tensor> capturedChoices;
        at::cuda::CUDAGraph graph;
        c10::cuda::device_synchronize();
        {
            c10::cuda::CUDAStreamGuard guard(c10::cuda::getStreamFromPool());
            run();  // loads the kernels
            guard.current_stream().synchronize();
            graph.capture_begin();
            captured = run();
            graph.capture_end();
            capturedChoices = choices;
        }
        for (int repetition = 0; repetition < 5; ++repetition) {
            input.normal_();
            captured.fill_(NAN);
            graph.replay();
            Tensor expected = run();
            bool equal = at::equal(captured, expected) && !expected.isnan().any().item<bool>();
            for (size_t i = 0; i < choices.size(); ++i) equal = equal && at::equal(capturedChoices[i], choices[i]);
            check::report(equal, __FILE__, __LINE__,
                          "a graph of " + std::to_string(tokens) + " tokens gives something else");
        }
        EXPECT(tokens == 1 || choices[0].min().item<int64_t>() < choices[0].max().item<int64_t>());
    }
}
