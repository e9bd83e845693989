// acm::gated_mlp on a CUDA device, on every path and with every tiling, against the masked dense
// layers in float64.
#include <ATen/ATen.h>
#include <ATen/autocast_mode.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/cuda/CUDAGraph.h>
#include <c10/core/InferenceMode.h>
#include <c10/cuda/CUDAGuard.h>
#include <check.h>
#include <error.h>

#include <cmath>

using at::Tensor;

namespace {

using Signature = Tensor(const Tensor &, const Tensor &, const Tensor &, const Tensor &,
                         const Tensor &, const Tensor &, int64_t, const std::string &);
using DenseSignature = Tensor(const Tensor &, const Tensor &, const Tensor &, const Tensor &, const Tensor &,
                              const std::string &);
using PathSignature = Tensor(const Tensor &, const Tensor &, const Tensor &, const Tensor &,
                             const Tensor &, const Tensor &, int64_t, const std::string &,
                             const std::string &, at::IntArrayRef);

/// A path, and the tiles that it is forced to: first columns, sharing; second columns, sharing, splits.
struct Way {
    std::string path;
    std::vector<int64_t> tiles;

    std::string label() const {
        std::string text = path;
        for (int64_t number : tiles) text += " " + std::to_string(number);
        return text;
    }
};

const std::vector<Way> hopperWays = {
    {"hopper", {}},
    {"hopper", {64, 1, 64, 1, 1}},
    {"hopper", {128, 1, 128, 1, 1}},
    {"hopper", {192, 1, 192, 1, 1}},
    {"hopper", {64, 1, 64, 1, 2}},
    {"hopper", {64, 1, 64, 1, 4}},
    {"hopper", {128, 1, 128, 1, 2}},
    {"hopper", {128, 1, 128, 1, 4}},
    {"hopper", {192, 1, 192, 1, 2}},
    {"hopper", {192, 2, 192, 2, 1}},
    {"hopper", {192, 2, 192, 2, 2}},
    {"hopper", {256, 2, 192, 2, 1}},
    {"hopper", {192, 2, 192, 2, 4}},
    {"hopper", {256, 2, 64, 1, 4}},   // units of 256 rows, then of 128
    {"hopper", {128, 1, 192, 2, 1}},  // and the other way round
};

bool isHopper() {
    int major = 0;
    return cudaDeviceGetAttribute(&major, cudaDevAttrComputeCapabilityMajor, 0) == cudaSuccess && major == 9;
}

struct Layer {
    Tensor input, choice, w1, b1, w2, bias;
    int64_t learners;
    std::string activation = "gelu";

    Tensor output() const {
        static auto op = c10::Dispatcher::singleton()
                             .findSchemaOrThrow("acm::gated_mlp", "")
                             .typed<Signature>();
        return op.call(input, choice, w1, b1, w2, bias, learners, activation);
    }
    Tensor output(const Way &way) const {
        static auto op = c10::Dispatcher::singleton()
                             .findSchemaOrThrow("acm::gated_mlp_cuda", "")
                             .typed<PathSignature>();
        return op.call(input, choice, w1, b1, w2, bias, learners, activation, way.path, way.tiles);
    }

    Tensor dense() const {
        static auto op = c10::Dispatcher::singleton().findSchemaOrThrow("acm::mlp", "").typed<DenseSignature>();
        return op.call(input, w1, b1, w2, bias, activation);
    }

    /// The dense layers with the hidden channels of learners that do not run set to zero.
    Tensor masked() const {
        Tensor hidden = at::linear(input, w1, b1);
        if (activation == "relu") hidden = at::relu(hidden);
        if (activation == "silu") hidden = at::silu(hidden);
        if (activation == "gelu") hidden = at::gelu(hidden);
        if (activation == "gelu_tanh") hidden = at::gelu(hidden, "tanh");
        Tensor learner = at::arange(w1.size(0), choice.options().dtype(at::kLong))
                             .div(w1.size(0) / learners, "floor");
        Tensor runs = learner < choice.unsqueeze(-1);  // [tokens, hidden]
        return at::linear(at::where(runs, hidden, at::zeros({}, hidden.options())), w2, bias);
    }

    Layer of(at::ScalarType type) const {
        Layer other = *this;
        for (Tensor *tensor : {&other.input, &other.w1, &other.b1, &other.w2, &other.bias})
            *tensor = tensor->to(type);
        return other;
    }
};

struct Shape {
    int64_t tokens, channels, learnerWidth, outputs, learners;

    std::string label() const {
        return std::to_string(tokens) + " tokens, " + std::to_string(channels) + " -> " +
               std::to_string(learners) + " x " + std::to_string(learnerWidth) + " -> " +
               std::to_string(outputs);
    }
};

Layer layer(const Shape &shape) {
    at::manual_seed(1);
    auto options = at::TensorOptions(at::kCUDA).dtype(at::kDouble);
    auto draw = [&](at::IntArrayRef sizes, double scale) {
        return at::randn(sizes, options).mul_(scale);
    };
    int64_t hidden = shape.learners * shape.learnerWidth;
    return {draw({shape.tokens, shape.channels}, 1),
            at::randint(shape.learners + 1, {shape.tokens}, options.dtype(at::kLong)),
            draw({hidden, shape.channels}, 1 / std::sqrt(shape.channels)),
            draw({hidden}, 0.1),
            draw({shape.outputs, hidden}, 1 / std::sqrt(hidden)),
            draw({shape.outputs}, 0.5),
            shape.learners};
}

double epsilon(at::ScalarType type) {
    return type == at::kBFloat16 ? 0x1p-7 : 0x1p-10;  // TF32 rounds as float16
}

/// What a computation may be off by, and the truth.
struct Expectation {
    Layer rounded;
    Tensor truth;
    double limit;

    Expectation(const Layer &exact, at::ScalarType type) : rounded(exact.of(type)) {
        // Rounded first, so that only the computation differs.
        truth = rounded.of(at::kDouble).masked();
        double scale = truth.numel() == 0 ? 1 : std::max(1.0, truth.abs().max().item<double>());
        limit = 2 * error(rounded.masked(), truth) + 2 * epsilon(type) * scale;
    }

    void check(const std::string &what, const Tensor &found) const {
        double actual = error(found, truth);
        bool passes = found.scalar_type() == rounded.input.scalar_type() && actual <= limit;
        std::string where;
        if (!passes && found.sizes() == truth.sizes()) {
            Tensor wrong = ((found.to(at::kDouble) - truth).abs() <= limit).logical_not();
            Tensor rows = wrong.any(1).nonzero().flatten(), columns = wrong.any(0).nonzero().flatten();
            if (rows.numel() > 0)
                where = "; " + std::to_string(wrong.sum().item<int64_t>()) + " wrong, rows " +
                        std::to_string(rows.min().item<int64_t>()) + "..." +
                        std::to_string(rows.max().item<int64_t>()) + " (" +
                        std::to_string(rows.numel()) + "), columns " +
                        std::to_string(columns.min().item<int64_t>()) + "..." +
                        std::to_string(columns.max().item<int64_t>()) + " (" +
                        std::to_string(columns.numel()) + ")";
        }
        check::report(passes, __FILE__, __LINE__,
                      what + " " + c10::toString(rounded.input.scalar_type()) + ": error " +
                          std::to_string(actual) + " exceeds " + std::to_string(limit) + where);
    }
};

/// Choices of several kinds for a layer.
std::vector<std::pair<std::string, Tensor>> patterns(const Layer &layer) {
    const Tensor &mixed = layer.choice;
    int64_t most = layer.learners;
    return {{"mixed", mixed},
            {"all", at::full_like(mixed, most)},
            {"none", at::zeros_like(mixed)},
            {"one", at::ones_like(mixed)},
            {"ends", at::where(mixed > most / 2, most, 0)},
            {"rarely all", at::where(at::arange(mixed.numel(), mixed.options()) % 200 == 77, most, 1)}};
}

std::vector<Way> waysFor(at::ScalarType type) {
    std::vector<Way> ways = {{"automatic", {}}, {"masked", {}}, {"ampere", {}}};
    if (type != at::kFloat && isHopper()) ways.insert(ways.end(), hopperWays.begin(), hopperWays.end());
    return ways;
}

void checkShape(const Shape &shape, const std::vector<at::ScalarType> &types,
                const std::string &activation = "gelu") {
    Layer exact = layer(shape);
    exact.activation = activation;
    for (const auto &[name, choice] : patterns(exact)) {
        Layer chosen = exact;
        chosen.choice = choice;
        for (auto type : types) {
            Expectation expectation(chosen, type);
            for (const Way &way : waysFor(type))
                expectation.check(shape.label() + ", " + activation + ", " + name + ", " + way.label(),
                                  expectation.rounded.output(way));
        }
    }
}

const std::vector<at::ScalarType> both = {at::kBFloat16, at::kHalf};

}  // namespace

/// Up to 2,048 tokens the first product on Hopper sorts them itself, beyond that a kernel does.
TEST(tokensBetweenTiles) {
    c10::InferenceMode inference;
    for (int64_t tokens : {1, 7, 64, 127, 128, 129, 255, 257, 385, 1024, 1025, 1576, 2048, 2049})
        checkShape({tokens, 384, 384, 384, 4}, both);
}

TEST(channelsOfModels) {
    c10::InferenceMode inference;
    checkShape({1100, 768, 768, 768, 4}, both);
    checkShape({1100, 1024, 1024, 1024, 4}, both);
    checkShape({300, 768, 768, 192, 4}, {at::kBFloat16});
}

TEST(widthsBetweenTiles) {
    c10::InferenceMode inference;
    for (int64_t width : {8, 40, 64, 96, 192, 320}) checkShape({300, 128, width, 72, 4}, both);
    checkShape({300, 8, 64, 8, 2}, both);
    checkShape({300, 72, 64, 264, 2}, both);
}

TEST(everyNumberOfLearners) {
    c10::InferenceMode inference;
    for (int64_t learners : {1, 2, 3, 8, 16, 64}) checkShape({500, 128, 64, 128, learners}, both);
    for (int64_t tokens : {2048, 9000}) checkShape({tokens, 64, 8, 64, 64}, {at::kBFloat16});
    for (int64_t tokens : {200, 700}) {
        Expectation expectation(layer({tokens, 64, 8, 64, 65}), at::kBFloat16);  // more than the kernels take
        expectation.check("65 learners", expectation.rounded.output());
    }
}

TEST(everyActivation) {
    c10::InferenceMode inference;
    for (const char *activation : {"identity", "relu", "silu", "gelu_tanh"})
        checkShape({333, 256, 128, 256, 4}, both, activation);
}

TEST(manyTokens) {
    c10::InferenceMode inference;
    for (int64_t tokens : {25216, 70001}) {
        Layer exact = layer({tokens, 768, 192, 768, 4});
        for (auto type : both) {
            Expectation expectation(exact, type);
            for (const Way &way : waysFor(type))
                expectation.check(std::to_string(tokens) + " tokens, " + way.label(),
                                  expectation.rounded.output(way));
            expectation.rounded.choice = exact.choice.to(at::kInt);
            expectation.check(std::to_string(tokens) + " tokens, int32 choices", expectation.rounded.output());
        }
    }
}

TEST(float32AsTF32WhereAllowed) {
    c10::InferenceMode inference;
    Layer exact = layer({700, 132, 68, 76, 4});
    for (bool allowed : {false, true}) {
        at::globalContext().setAllowTF32CuBLAS(allowed);
        Expectation expectation(exact, at::kFloat);
        expectation.check("float32", expectation.rounded.output());
        expectation.check("float32, masked", expectation.rounded.output({"masked", {}}));
        if (allowed) expectation.check("float32, ampere", expectation.rounded.output({"ampere", {}}));
        double limit = allowed ? expectation.limit : 1e-4;
        EXPECT(error(expectation.rounded.output(), expectation.truth) <= limit);
    }
    at::globalContext().setAllowTF32CuBLAS(false);
}

TEST(shapesThatTheKernelsDoNotTake) {
    c10::InferenceMode inference;
    for (const Shape &shape : {Shape{50, 13, 5, 11, 4}, Shape{700, 13, 5, 11, 4}, Shape{700, 16, 12, 16, 4}}) {
        Expectation expectation(layer(shape), at::kBFloat16);
        expectation.check(shape.label(), expectation.rounded.output());
    }
    Layer none = layer({0, 64, 64, 64, 4}).of(at::kBFloat16);
    EXPECT(none.output().sizes() == at::IntArrayRef({0, 64}));
}

TEST(resultsRepeatToTheBit) {
    c10::InferenceMode inference;
    Layer rounded = layer({3000, 768, 768, 768, 4}).of(at::kBFloat16);
    for (const Way &way : waysFor(at::kBFloat16)) {
        Tensor once = rounded.output(way);
        bool equal = true;
        for (int repetition = 0; repetition < 20; ++repetition)
            equal = equal && at::equal(rounded.output(way), once);
        check::report(equal, __FILE__, __LINE__, way.label() + " does not repeat its results");
    }
}

TEST(aTokenDoesNotDependOnItsPlace) {
    c10::InferenceMode inference;
    Layer rounded = layer({700, 256, 64, 256, 4}).of(at::kBFloat16);
    for (const Way &way : waysFor(at::kBFloat16)) {
        if (way.path == "automatic") continue;
        Tensor order = at::randperm(700, at::kLong).to(at::kCUDA);
        Layer shuffled = rounded;
        shuffled.input = rounded.input.index_select(0, order);
        shuffled.choice = rounded.choice.index_select(0, order);
        double difference = error(shuffled.output(way), rounded.output(way).index_select(0, order).to(at::kDouble));
        check::report(difference <= 0.04, __FILE__, __LINE__, way.label() + " depends on the order of the tokens");
    }
}

TEST(stridesAndChoiceTypes) {
    c10::InferenceMode inference;
    Layer exact = layer({240, 128, 64, 128, 4});
    Expectation expectation(exact, at::kBFloat16);
    for (const Way &way : waysFor(at::kBFloat16)) {
        Layer strided = expectation.rounded;
        strided.input = at::cat({strided.input, strided.input}, 1).narrow(1, 0, 128);
        strided.w1 = at::cat({strided.w1, strided.w1}, 1).narrow(1, 0, 128);
        strided.w2 = strided.w2.t().contiguous().t();
        expectation.check("rows apart, " + way.label(), strided.output(way));
        Layer transposed = expectation.rounded;
        transposed.input = transposed.input.t().contiguous().t();
        transposed.choice = transposed.choice.to(at::kInt);
        expectation.check("transposed, int32 choices, " + way.label(), transposed.output(way));
        Layer odd = expectation.rounded;
        odd.input = at::cat({odd.input, odd.input.narrow(1, 0, 1)}, 1).narrow(1, 1, 128);
        Tensor plain = odd.input.contiguous();
        Layer even = odd;
        even.input = plain;
        // Products of libtorch take other kernels where rows are not aligned.
        if (way.path == "hopper" || way.path == "ampere") EXPECT(at::equal(odd.output(way), even.output(way)));
        EXPECT(error(odd.output(way), even.output(way).to(at::kDouble)) <= 0.04);
        Layer shaped = expectation.rounded;
        shaped.input = shaped.input.view({2, 3, 40, 128});
        shaped.choice = shaped.choice.view({2, 3, 40}).to(at::kByte);
        expectation.check("leading axes, " + way.label(), shaped.output(way).view({240, 128}));
    }
}

TEST(notANumberStaysInItsRow) {
    c10::InferenceMode inference;
    for (auto type : both)
        for (const Way &way : waysFor(type)) {
            Layer clean = layer({400, 128, 64, 128, 4}).of(type), poisoned = clean;
            poisoned.input = clean.input.clone();
            clean.choice[9] = 3;
            clean.choice[200] = 0;
            poisoned.choice = clean.choice;
            poisoned.input[9].fill_(NAN);
            poisoned.input[200].fill_(NAN);
            Tensor expected = clean.output(way), found = poisoned.output(way);
            check::report(found[9].isnan().all().item<bool>(), __FILE__, __LINE__, way.label() + ": a NaN is lost");
            found[9] = expected[9];
            check::report(at::equal(found, expected), __FILE__, __LINE__, way.label() + ": a NaN spreads");
        }
}

TEST(choicesOutsideTheRangeAreClamped) {
    c10::InferenceMode inference;
    for (int64_t tokens : {300, 3000}) {
        Layer wild = layer({tokens, 64, 64, 64, 4}).of(at::kBFloat16), tame = wild;
        wild.choice = wild.choice.mul(5).sub(8);
        tame.choice = wild.choice.clamp(0, 4);
        for (const char *path : {"automatic", "masked", "ampere"})
            EXPECT(at::equal(wild.output({path, {}}), tame.output({path, {}})));
        if (isHopper()) EXPECT(at::equal(wild.output({"hopper", {}}), tame.output({"hopper", {}})));
    }
}

TEST(graphsReplayWithOtherChoices) {
    c10::InferenceMode inference;
    for (int64_t tokens : {197, 1576, 3000, 70001}) {
        Layer exact = layer({tokens, 384, 384, 384, 4});
        for (const Way &way : {Way{"automatic", {}}, Way{"ampere", {}}}) {
            Layer rounded = exact.of(at::kBFloat16);
            rounded.choice = exact.choice.clone();
            rounded.input = rounded.input.clone();
            Tensor captured;
            at::cuda::CUDAGraph graph;
            c10::cuda::device_synchronize();
            {
                c10::cuda::CUDAStreamGuard guard(c10::cuda::getStreamFromPool());
                rounded.output(way);  // loads the kernels
                guard.current_stream().synchronize();
                graph.capture_begin();
                captured = rounded.output(way);
                graph.capture_end();
            }
            for (const auto &[name, choice] : patterns(exact)) {
                rounded.choice.copy_(choice);
                captured.fill_(NAN);
                graph.replay();
                Layer chosen = exact;
                chosen.choice = choice;
                Expectation(chosen, at::kBFloat16)
                    .check("graph of " + std::to_string(tokens) + " tokens, " + name + ", " + way.label(), captured);
            }
        }
    }
}

TEST(gradientsComeFromTheGroupedPath) {
    Layer leaves = layer({100, 64, 32, 64, 4}).of(at::kBFloat16);
    Layer truth = leaves.of(at::kDouble);
    auto gradients = [](Layer &layer, bool masked) {
        for (Tensor *tensor : {&layer.input, &layer.w1, &layer.b1, &layer.w2, &layer.bias})
            *tensor = tensor->detach().clone().set_requires_grad(true);
        (masked ? layer.masked() : layer.output()).sum().backward();
        return std::vector<Tensor>{layer.input.grad(), layer.w1.grad(), layer.b1.grad(), layer.w2.grad(),
                                   layer.bias.grad()};
    };
    auto found = gradients(leaves, false), exact = gradients(truth, true);
    for (size_t index = 0; index < found.size(); ++index)
        EXPECT(error(found[index], exact[index]) <= 0.02 * std::max(1.0, exact[index].abs().max().item<double>()));
}

TEST(denseLayersOfFewAndOfManyTokens) {
    for (int64_t tokens : {8, 4095, 4096, 20000})
        for (auto type : {at::kBFloat16, at::kHalf, at::kFloat}) {
            Layer exact = layer({tokens, 64, 128, 40, 1});
            exact.choice.fill_(1);
            Expectation expectation(exact, type);
            {
                c10::InferenceMode inference;
                expectation.check("dense " + std::to_string(tokens), exact.of(type).dense());
            }
            Layer leaves = exact.of(type);
            leaves.w1.set_requires_grad(true);
            Tensor output = leaves.dense();
            expectation.check("dense with gradients " + std::to_string(tokens), output.detach());
            output.sum().backward();
            EXPECT(leaves.w1.grad().defined());
        }
}

TEST(denseLayersThatNoKernelTakes) {
    c10::InferenceMode inference;
    for (const Shape &shape : {Shape{9000, 60, 128, 40, 1}, Shape{9000, 64, 126, 40, 1}, Shape{9000, 64, 128, 41, 1}}) {
        Layer exact = layer(shape);
        exact.choice.fill_(1);
        Expectation(exact, at::kBFloat16).check("dense " + shape.label(), exact.of(at::kBFloat16).dense());
    }
}

TEST(autocastGivesItsType) {
    c10::InferenceMode inference;
    for (int64_t tokens : {100, 700}) {
        Layer exact = layer({tokens, 64, 32, 64, 4}), plain = exact.of(at::kFloat);
        Expectation expectation(exact, at::kBFloat16);
        at::autocast::set_autocast_dtype(at::kCUDA, at::kBFloat16);
        at::autocast::set_autocast_enabled(at::kCUDA, true);
        Tensor found = plain.output();
        at::autocast::set_autocast_enabled(at::kCUDA, false);
        at::autocast::clear_cache();
        expectation.check("autocast, " + std::to_string(tokens) + " tokens", found);
    }
}
