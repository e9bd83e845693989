// Times acm::gated_mlp on the CPU against the dense layers that it replaces. Every case is checked
// against the reference before it is timed, and timed turn by turn with the dense layers, so that
// what else the machine does meets both.
#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <ATen/Version.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <c10/core/InferenceMode.h>
#include <torch/version.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>

using at::Tensor;

namespace {

constexpr int64_t tokens = 4096, learners = 4;
constexpr int repetitions = 21;
constexpr int64_t cacheBytes = 64 << 20;

using Signature = Tensor(const Tensor &, const Tensor &, const Tensor &, const Tensor &,
                         const Tensor &, const Tensor &, int64_t, const std::string &);

struct Layer {
    std::vector<Tensor> inputs;  // used in turn; together they exceed the cache
    Tensor w1, b1, w2, bias;
    at::ScalarType type;

    Layer(int64_t channels, int64_t hidden, at::ScalarType type) : type(type) {
        auto draw = [type](at::IntArrayRef shape, double scale) {
            return at::randn(shape).mul_(scale).to(type);
        };
        int64_t bytes = 0;
        while (bytes < cacheBytes) {
            inputs.push_back(draw({tokens, channels}, 1));
            bytes += static_cast<int64_t>(inputs.back().nbytes());
        }
        w1 = draw({hidden, channels}, 1 / std::sqrt(channels));
        b1 = draw({hidden}, 0.1);
        w2 = draw({channels, hidden}, 1 / std::sqrt(hidden));
        bias = draw({channels}, 0.5);
    }

    const Tensor &input(int turn) const {
        return inputs[static_cast<size_t>(turn) % inputs.size()];
    }
    Tensor dense(int turn) const {
        return at::linear(at::gelu(at::linear(input(turn), w1, b1)), w2, bias);
    }
    Tensor call(const char *name, const Tensor &input, const Tensor &choice) const {
        auto op =
            c10::Dispatcher::singleton().findSchemaOrThrow(name, "").typed<Signature>();
        return op.call(input, choice, w1, b1, w2, bias, learners, "gelu");
    }
};

/// A choice for each token; their mean is exactly `quarters` of the four learners.
Tensor choices(int quarters, bool mixed) {
    if (!mixed) return at::full({tokens}, quarters, at::kLong);
    // Binomial: as if each learner ran with this probability. 256 is 4⁴, so the counts are whole.
    std::vector<Tensor> groups;
    for (int k = 0; k <= 4; ++k) {
        double count = std::tgamma(5) / (std::tgamma(k + 1) * std::tgamma(5 - k)) *
                       std::pow(quarters, k) * std::pow(4 - quarters, 4 - k) * tokens / 256;
        groups.push_back(at::full({std::lround(count)}, k, at::kLong));
    }
    return at::cat(groups).index_select(0, at::randperm(tokens));
}

/// Stops the program unless a sample of the rows agrees with the reference.
void check(const Layer &layer, const Tensor &choice) {
    Tensor rows = at::randperm(tokens).narrow(0, 0, 40);
    Tensor found = layer.call("acm::gated_mlp", layer.input(0), choice).index_select(0, rows);
    Tensor exact = layer.call("acm::gated_mlp_reference", layer.input(0).index_select(0, rows),
                              choice.index_select(0, rows));
    double epsilon = layer.type == at::kBFloat16 ? 0x1p-7 : 0x1p-20;
    double error = (found.to(at::kDouble) - exact).abs().max().item<double>();
    double limit = 2 * epsilon * exact.abs().max().item<double>();
    if (error <= limit) return;
    std::fprintf(stderr, "wrong result: error %g exceeds %g\n", error, limit);
    std::exit(1);
}

template <typename Body>
double microseconds(Body &&body) {
    auto start = std::chrono::steady_clock::now();
    body();
    return std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - start)
        .count();
}

using Times = std::vector<double>;

double quantile(Times times, double share) {
    std::sort(times.begin(), times.end());
    return times[static_cast<size_t>(std::lround(share * (repetitions - 1)))];
}

void line(const char *what, double load, const Layer &layer, const Times &times,
          const Times &dense) {
    double operations = 4 * load * static_cast<double>(tokens * layer.w1.numel());
    double median = quantile(times, 0.5);
    Times gains;  // of each turn: less moved by what else the machine does than the times are
    for (size_t turn = 0; turn < times.size(); ++turn) gains.push_back(dense[turn] / times[turn]);
    std::printf("%-8s  %lld × %lld  %-5s  load %.2f | %6.0f %6.0f %6.0f | %5.0f | %.2f\n",
                layer.type == at::kFloat ? "float32" : "bfloat16",
                static_cast<long long>(layer.w1.size(1)), static_cast<long long>(layer.w1.size(0)),
                what, load, median, quantile(times, 0.1), quantile(times, 0.9),
                operations / median / 1e3, quantile(gains, 0.5));
    std::fflush(stdout);
}

void measure(const Layer &layer) {
    for (int quarters : {4, 3, 2, 1}) {
        for (bool mixed : {false, true}) {
            if (quarters == 4 && mixed) continue;
            Tensor choice = choices(quarters, mixed);
            check(layer, choice);
            Times dense, gated;
            for (int turn = -2; turn < repetitions; ++turn) {
                double first = microseconds([&] { layer.dense(turn + 2); });
                double second = microseconds(
                    [&] { layer.call("acm::gated_mlp", layer.input(turn + 2), choice); });
                if (turn < 0) continue;  // the first runs load code and memory
                dense.push_back(first);
                gated.push_back(second);
            }
            if (quarters == 4) line("dense", 1, layer, dense, dense);
            line(mixed ? "mixed" : "equal", quarters / 4.0, layer, gated, dense);
        }
    }
}

}  // namespace

int main() {
    c10::InferenceMode inference;
    at::manual_seed(1);
    std::printf("libtorch %s, %s, %d threads, %lld tokens, %lld learners, gelu\n", TORCH_VERSION,
                at::get_cpu_capability().c_str(), at::get_num_threads(),
                static_cast<long long>(tokens), static_cast<long long>(learners));
    std::printf("µs: median p10 p90 | GFLOP/s | × dense\n");
    for (auto type : {at::kFloat, at::kBFloat16})
        for (int64_t channels : {384, 768}) measure(Layer(channels, 4 * channels, type));
}
