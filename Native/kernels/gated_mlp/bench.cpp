// Times acm::gated_mlp and acm::gated_mlp_packed on the CPU against the dense layers that they replace:
// libtorch's as they are, libtorch's over weights that oneDNN has reordered, and our packed ones. All
// ways of a layer are checked against the reference before they are timed, and timed turn by turn, so
// that what else the machine does meets all of them.
//
//   bench_gated_mlp [tokens [turns]]      a multiple of 256, and at least 1; 4096 and 21 unless given
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
#include <functional>

using at::Tensor;

namespace {

int64_t tokens = 4096, turns = 21;
constexpr int64_t learners = 4;
constexpr int64_t cacheBytes = 64 << 20;

/// Calls an operator that returns one tensor.
template <typename... Arguments>
Tensor call(const char *name, Arguments... arguments) {
    std::vector<c10::IValue> stack = {c10::IValue(arguments)...};
    c10::Dispatcher::singleton().findSchemaOrThrow(name, "").callBoxed(&stack);
    return stack[0].toTensor();
}

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

using Times = std::vector<double>;

/// One way to compute a layer for one vector of choices.
struct Way {
    std::string name;
    double load;
    bool isDense;
    Tensor choice;
    std::function<Tensor(const Tensor &)> run;
    Times times = {};
};

/// The ways to compute a layer in a precision: that of its type, or int8.
std::vector<Way> ways(const Layer &layer, const std::string &precision) {
    Tensor w1 = layer.w1, b1 = layer.b1, w2 = layer.w2, bias = layer.bias;
    Tensor all = choices(4, false);
    std::vector<Way> ways;
    if (precision != "int8") {
        ways.push_back({"dense", 1, true, all, [=](const Tensor &input) {
                            return at::linear(at::gelu(at::linear(input, w1, b1)), w2, bias);
                        }});
        auto reordered = [](const Tensor &weight) {
            return call("mkldnn::_reorder_linear_weight", weight, tokens);
        };
        auto pointwise = [](const Tensor &input, const Tensor &weight, const Tensor &bias,
                            const char *activation) {
            return call("mkldnn::_linear_pointwise", input, weight, bias, activation,
                        c10::List<std::optional<at::Scalar>>(), "none");
        };
        Tensor first = reordered(w1), second = reordered(w2);
        ways.push_back({"dense reordered", 1, true, all, [=](const Tensor &input) {
                            return pointwise(pointwise(input, first, b1, "gelu"), second, bias, "none");
                        }});
    }
    Tensor first = call("acm::linear_pack", w1, b1, precision);
    Tensor second = call("acm::linear_pack", w2, bias, precision);
    ways.push_back({"dense packed", 1, true, all, [=](const Tensor &input) {
                        Tensor hidden = call("acm::linear_packed", input, first, "gelu", c10::IValue());
                        return call("acm::linear_packed", hidden, second, "identity", c10::IValue());
                    }});
    Tensor packed = call("acm::gated_mlp_pack", w1, b1, w2, bias, learners, "gelu", precision);
    for (int quarters : {4, 3, 2, 1}) {
        for (bool mixed : {false, true}) {
            if (quarters == 4 && mixed) continue;
            Tensor choice = choices(quarters, mixed);
            std::string kind = mixed ? " mixed" : " equal";
            if (precision != "int8" && (mixed || quarters == 4))
                ways.push_back({"grouped" + kind, quarters / 4.0, false, choice, [=](const Tensor &input) {
                                    return call("acm::gated_mlp", input, choice, w1, b1, w2, bias, learners, "gelu");
                                }});
            // With all learners it is a dense network too.
            ways.push_back({"packed" + kind, quarters / 4.0, quarters == 4, choice, [=](const Tensor &input) {
                                return call("acm::gated_mlp_packed", input, choice, packed, c10::IValue());
                            }});
        }
    }
    return ways;
}

/// Stops the program unless a sample of the rows agrees with the reference.
void check(const Layer &layer, const std::string &precision, const Way &way) {
    Tensor rows = at::randperm(tokens).narrow(0, 0, 40);
    Tensor found = way.run(layer.input(0)).index_select(0, rows);
    Tensor exact = call("acm::gated_mlp_reference", layer.input(0).index_select(0, rows),
                        way.choice.index_select(0, rows), layer.w1, layer.b1, layer.w2, layer.bias,
                        learners, "gelu");
    double epsilon = precision == "int8" ? 0x1p-6 : layer.type == at::kBFloat16 ? 0x1p-7 : 0x1p-20;
    double error = (found.to(at::kDouble) - exact).abs().max().item<double>();
    double limit = 2 * epsilon * exact.abs().max().item<double>();
    if (error <= limit) return;
    std::fprintf(stderr, "%s is wrong: error %g exceeds %g\n", way.name.c_str(), error, limit);
    std::exit(1);
}

template <typename Body>
double microseconds(Body &&body) {
    auto start = std::chrono::steady_clock::now();
    body();
    return std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - start)
        .count();
}

double quantile(Times times, double share) {
    std::sort(times.begin(), times.end());
    return times[static_cast<size_t>(std::lround(share * static_cast<double>(times.size() - 1)))];
}

void measure(const Layer &layer, const std::string &precision) {
    std::vector<Way> all = ways(layer, precision);
    for (const Way &way : all) check(layer, precision, way);
    for (int turn = -2; turn < turns; ++turn) {
        for (Way &way : all) {
            double time = microseconds([&] { way.run(layer.input(turn + 2)); });
            if (turn >= 0) way.times.push_back(time);  // the first runs load code and memory
        }
    }
    const Way *dense = nullptr;  // the one whose least time is least
    for (const Way &way : all)
        if (way.isDense && (dense == nullptr || quantile(way.times, 0) < quantile(dense->times, 0)))
            dense = &way;
    for (const Way &way : all) {
        double operations = 4 * way.load * static_cast<double>(tokens * layer.w1.numel());
        double median = quantile(way.times, 0.5);
        Times gains;  // of each turn: less moved by what else the machine does than the times are
        for (size_t turn = 0; turn < way.times.size(); ++turn)
            gains.push_back(dense->times[turn] / way.times[turn]);
        std::printf("| %s | %lld × %lld | %s | %.2f | %.0f | %.0f | %.0f | %.0f | %.0f | %.2f | %.2f |\n",
                    precision.c_str(), static_cast<long long>(layer.w1.size(1)),
                    static_cast<long long>(layer.w1.size(0)), way.name.c_str(), way.load, median,
                    quantile(way.times, 0.1), quantile(way.times, 0.9), quantile(way.times, 0),
                    operations / median / 1e3, quantile(gains, 0.5),
                    quantile(dense->times, 0) / quantile(way.times, 0));
    }
    std::fflush(stdout);
}

}  // namespace

int main(int argumentCount, char **arguments) {
    if (argumentCount > 1) tokens = std::atoll(arguments[1]);
    if (argumentCount > 2) turns = std::atoll(arguments[2]);
    if (argumentCount > 3 || tokens < 256 || tokens % 256 != 0 || turns < 1) {
        std::fprintf(stderr, "usage: bench_gated_mlp [tokens [turns]]: a multiple of 256, at least 1\n");
        return 2;
    }
    c10::InferenceMode inference;
    at::manual_seed(1);
    std::printf("libtorch %s, %s, %d threads, %lld tokens, %lld learners, gelu\n", TORCH_VERSION,
                at::get_cpu_capability().c_str(), at::get_num_threads(),
                static_cast<long long>(tokens), static_cast<long long>(learners));
    std::printf("| precision | channels × hidden | way | load | µs median | p10 | p90 | least | GFLOP/s | × dense | of least |\n");
    std::printf("|---|---|---|---|---|---|---|---|---|---|---|\n");
    for (int64_t channels : {384, 768}) {
        measure(Layer(channels, 4 * channels, at::kFloat), "float32");
        measure(Layer(channels, 4 * channels, at::kBFloat16), "bfloat16");
        measure(Layer(channels, 4 * channels, at::kBFloat16), "int8");
    }
}
