// Times acm::attention on the CPU against libtorch's scaled_dot_product_attention, with the transposes that
// it needs. Both are checked against float64 before they are timed, and timed turn by turn, so that what
// else the machine does meets both.
//
//   bench_attention [turns]      at least 1; 41 unless given
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

constexpr int64_t cacheBytes = 64 << 20;

struct Case {
    const char *name;
    int64_t batch, tokens, heads, width;
    bool hasMask;
};

struct Input {
    Tensor query, key, value;
};

using Way = std::function<Tensor(const Input &)>;
using Times = std::vector<double>;

Tensor ours(const Input &input, int64_t heads, const Tensor &mask) {
    std::vector<c10::IValue> stack = {input.query, input.key, input.value, heads,
                                      mask.defined() ? c10::IValue(mask) : c10::IValue(), c10::IValue()};
    c10::Dispatcher::singleton().findSchemaOrThrow("acm::attention", "").callBoxed(&stack);
    return stack[0].toTensor();
}

Tensor theirs(const Input &input, int64_t heads, const Tensor &mask) {
    auto split = [heads](const Tensor &tensor) {
        return tensor.view({tensor.size(0), tensor.size(1), heads, -1}).transpose(1, 2);
    };
    std::optional<Tensor> added;
    if (mask.defined()) added = mask.view({mask.size(0), 1, 1, mask.size(1)});
    return at::scaled_dot_product_attention(split(input.query), split(input.key), split(input.value), added)
        .transpose(1, 2)
        .flatten(2);
}

/// Stops the program unless a result agrees with float64.
void check(const char *name, const Tensor &found, const Tensor &exact) {
    double error = (found.to(at::kDouble) - exact).abs().max().item<double>();
    double limit = found.scalar_type() == at::kBFloat16 ? 0x1p-7 : 0x1p-18;
    if (error <= limit) return;
    std::fprintf(stderr, "%s is wrong: error %g exceeds %g\n", name, error, limit);
    std::exit(1);
}

double microseconds(const std::function<void()> &body) {
    auto start = std::chrono::steady_clock::now();
    body();
    return std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - start).count();
}

double quantile(Times times, double share) {
    std::sort(times.begin(), times.end());
    return times[static_cast<size_t>(std::lround(share * static_cast<double>(times.size() - 1)))];
}

void measure(const Case &size, at::ScalarType type, int64_t turns) {
    std::vector<Input> inputs;  // used in turn; together they exceed the cache
    for (int64_t bytes = 0; bytes < cacheBytes;) {
        auto draw = [&] { return at::randn({size.batch, size.tokens, size.heads * size.width}).to(type); };
        inputs.push_back({draw(), draw(), draw()});
        bytes += 3 * static_cast<int64_t>(inputs.back().query.nbytes());
    }
    Tensor mask;  // samples of all lengths from a quarter on
    if (size.hasMask) {
        Tensor lengths = at::linspace(size.tokens / 4, size.tokens, size.batch).to(at::kLong);
        mask = at::arange(size.tokens) < lengths.unsqueeze(1);
    }
    std::vector<std::pair<const char *, Way>> ways = {
        {"libtorch", [&](const Input &input) { return theirs(input, size.heads, mask); }},
        {"acm", [&](const Input &input) { return ours(input, size.heads, mask); }}};
    Input first = {inputs[0].query.to(at::kDouble), inputs[0].key.to(at::kDouble), inputs[0].value.to(at::kDouble)};
    Tensor exact = theirs(first, size.heads, mask);
    std::vector<Times> times(ways.size());
    for (const auto &[name, way] : ways) check(name, way(inputs[0]), exact);
    for (int64_t turn = -2; turn < turns; ++turn) {
        const Input &input = inputs[static_cast<size_t>(turn + 2) % inputs.size()];
        for (size_t way = 0; way < ways.size(); ++way) {
            double time = microseconds([&] { ways[way].second(input); });
            if (turn >= 0) times[way].push_back(time);  // the first runs load code and memory
        }
    }
    Times gains;
    for (size_t turn = 0; turn < times[0].size(); ++turn) gains.push_back(times[0][turn] / times[1][turn]);
    double operations = 4.0 * static_cast<double>(size.batch * size.heads * size.tokens * size.tokens * size.width);
    for (size_t way = 0; way < ways.size(); ++way) {
        double least = quantile(times[way], 0);
        std::printf("| %d | %s | %s | %s | %.0f | %.0f | %.0f | %.0f | %.0f | %.2f | %.2f |\n", at::get_num_threads(),
                    type == at::kFloat ? "float32" : "bfloat16", size.name, ways[way].first,
                    quantile(times[way], 0.5), quantile(times[way], 0.1), quantile(times[way], 0.9), least,
                    operations / least / 1e3, way == 0 ? 1 : quantile(gains, 0.5), quantile(times[0], 0) / least);
    }
    std::fflush(stdout);
}

}  // namespace

int main(int argumentCount, char **arguments) {
    int64_t turns = argumentCount > 1 ? std::atoll(arguments[1]) : 41;
    if (argumentCount > 2 || turns < 1) {
        std::fprintf(stderr, "usage: bench_attention [turns]: at least 1\n");
        return 2;
    }
    c10::InferenceMode inference;
    at::manual_seed(1);
    std::printf("libtorch %s, %s\n", TORCH_VERSION, at::get_cpu_capability().c_str());
    std::printf("| threads | type | batch × tokens × heads × width | way | µs median | p10 | p90 | least | "
                "GFLOP/s of least | × libtorch | of least |\n");
    std::printf("|---|---|---|---|---|---|---|---|---|---|---|\n");
    const Case cases[] = {{"8 × 197 × 12 × 64", 8, 197, 12, 64, false},
                          {"1 × 197 × 12 × 64", 1, 197, 12, 64, false},
                          {"32 × 128 × 12 × 32, mask", 32, 128, 12, 32, true},
                          {"1 × 499 × 16 × 64", 1, 499, 16, 64, false}};
    int most = at::get_num_threads();
    for (int threads : most == 1 ? std::vector<int>{1} : std::vector<int>{1, most}) {
        at::set_num_threads(threads);
        for (auto type : {at::kFloat, at::kBFloat16})
            for (const Case &size : cases) measure(size, type, turns);
    }
}
