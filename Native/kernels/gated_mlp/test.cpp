#include <ATen/ATen.h>
#include <ATen/autocast_mode.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <check.h>
#include <error.h>

#include <functional>

#include "test_layer.h"

using at::Tensor;

namespace {

using Signature = Tensor(const Tensor &, const Tensor &, const Tensor &, const Tensor &,
                         const Tensor &, const Tensor &, int64_t, const std::string &);

const std::vector<std::string> activations = {"identity", "relu", "silu", "gelu", "gelu_tanh"};

/// The arguments of one call, and the ways to compute it.
struct Layer {
    Tensor input, choice, w1, b1, w2, bias;
    int64_t learners;
    std::string activation = "gelu";

    Tensor call(const char *name) const {
        static auto &dispatcher = c10::Dispatcher::singleton();
        auto op = dispatcher.findSchemaOrThrow(name, "").typed<Signature>();
        return op.call(input, choice, w1, b1, w2, bias, learners, activation);
    }
    Tensor output() const { return call("acm::gated_mlp"); }
    Tensor reference() const { return call("acm::gated_mlp_reference"); }

    /// The dense layers with the hidden channels of learners that do not run set to zero.
    Tensor masked() const {
        Tensor hidden = at::linear(input, w1, b1);
        if (activation == "relu") hidden = at::relu(hidden);
        if (activation == "silu") hidden = at::silu(hidden);
        if (activation == "gelu") hidden = at::gelu(hidden);
        if (activation == "gelu_tanh") hidden = at::gelu(hidden, "tanh");
        Tensor learner = at::arange(w1.size(0)).div(w1.size(0) / learners, "floor");
        Tensor runs = learner < choice.unsqueeze(-1);  // [tokens, hidden]
        return at::linear(at::where(runs, hidden, at::zeros({}, hidden.options())), w2, bias);
    }

    Layer of(at::ScalarType type) const {
        Layer other = *this;
        for (Tensor *tensor : {&other.input, &other.w1, &other.b1, &other.w2, &other.bias})
            *tensor = tensor->detach().to(type);
        return other;
    }

    /// Output and gradients of a computation under a fixed seed gradient.
    std::vector<Tensor> derivatives(const std::function<Tensor(const Layer &)> &compute) const {
        Layer leaves = *this;
        for (Tensor *tensor : leaves.parameters())
            *tensor = tensor->detach().clone().set_requires_grad(true);
        Tensor output = compute(leaves);
        Tensor seed = at::arange(output.numel(), at::kDouble).mul_(0.7).cos_();
        output.backward(seed.view(output.sizes()).to(output.scalar_type()));
        std::vector<Tensor> results = {output.detach()};
        for (Tensor *tensor : leaves.parameters())
            results.push_back(tensor->grad().defined() ? tensor->grad() : at::zeros_like(*tensor));
        return results;
    }
    std::vector<Tensor *> parameters() { return {&input, &w1, &b1, &w2, &bias}; }
};

Layer layer(int64_t tokens, int64_t channels, int64_t learnerWidth, int64_t outputs, int64_t learners) {
    return acm::gated_mlp::drawLayer<Layer>(tokens, channels, learnerWidth, outputs, learners);
}

/// Whether a result is as exact as the plain computation of its type, both against fp64. `roundings`
/// is how often the result may be rounded on its way.
void checkError(const std::string &what, const Tensor &found, const Tensor &plain,
                const Tensor &exact, double roundings) {
    double epsilon = found.scalar_type() == at::kDouble     ? 0x1p-52
                     : found.scalar_type() == at::kBFloat16 ? 0x1p-7
                                                            : 0x1p-23;
    double scale = exact.numel() == 0 ? 1 : std::max(1.0, exact.abs().max().item<double>());
    double limit = 2 * error(plain, exact) + roundings * epsilon * scale;
    double actual = error(found, exact);
    check::report(found.scalar_type() == plain.scalar_type() && actual <= limit, __FILE__, __LINE__,
                  what + ": error " + std::to_string(actual / epsilon) + " epsilon exceeds " +
                      std::to_string(limit / epsilon));
}

void checkAll(const std::string &what, const Layer &exact) {
    Tensor reference = exact.reference();
    auto gradients = exact.derivatives([](const Layer &layer) { return layer.masked(); });
    check::report(error(gradients[0], reference) < 1e-12, __FILE__, __LINE__,
                  what + ": the masked form is not the reference");
    for (auto type : {at::kDouble, at::kFloat, at::kBFloat16}) {
        // Rounded first, so that only the computation differs.
        Layer rounded = exact.of(type), wide = rounded.of(at::kDouble);
        auto truth = wide.derivatives([](const Layer &layer) { return layer.masked(); });
        auto plain = rounded.derivatives([](const Layer &layer) { return layer.masked(); });
        auto found = rounded.derivatives([](const Layer &layer) { return layer.output(); });
        std::string label = what + " " + exact.activation + " " + c10::toString(type) + " ";
        checkError(label + "output", found[0], plain[0], wide.reference(), 2);
        const char *names[] = {"input", "w1", "b1", "w2", "bias"};
        // Every group's share of a gradient is rounded before the shares are added.
        double shares = 2 * static_cast<double>(exact.learners + 1);
        for (size_t index = 1; index < found.size(); ++index)
            checkError(label + "gradient of " + names[index - 1], found[index], plain[index],
                       truth[index], shares);
    }
}

/// Whether the call is refused with a message that contains `part`.
void checkRefused(const std::function<void(Layer &)> &spoil, const std::string &part) {
    Layer spoiled = layer(3, 5, 2, 4, 4).of(at::kFloat);
    spoil(spoiled);
    for (const char *name : {"acm::gated_mlp", "acm::gated_mlp_reference"}) {
        std::string message = "no refusal";
        try {
            spoiled.call(name);
        } catch (const c10::Error &error) {
            message = error.what_without_backtrace();
        }
        check::report(message.find("acm::gated_mlp: " + part) == 0, __FILE__, __LINE__,
                      "expected \"" + part + "\", found \"" + message + "\"");
    }
}

}  // namespace

TEST(everyActivationAndType) {
    for (const auto &activation : activations) {
        Layer exact = layer(37, 13, 5, 11, 4);
        exact.activation = activation;
        checkAll("mixed choices", exact);
    }
}

TEST(everyNumberOfLearners) {
    for (int64_t learners : {1, 2, 4, 8})
        checkAll(std::to_string(learners) + " learners", layer(29, 17, 3, 7, learners));
}

TEST(sizesAboveAndBetweenTiles) {
    checkAll("wide", layer(67, 96, 48, 80, 4));
    checkAll("odd", layer(33, 65, 17, 31, 2));
    checkAll("single channels", layer(5, 1, 1, 1, 2));
}

TEST(allTokensAtOneChoice) {
    for (int64_t tokens : {1, 2, 16, 19}) {
        for (int64_t k = 0; k <= 4; ++k) {
            Layer exact = layer(tokens, 13, 5, 11, 4);
            exact.choice.fill_(k);
            checkAll(std::to_string(tokens) + " tokens at " + std::to_string(k), exact);
        }
    }
}

TEST(emptyGroups) {
    for (auto pair : {std::pair(0, 4), std::pair(1, 3), std::pair(0, 2)}) {
        Layer exact = layer(18, 13, 5, 11, 4);
        exact.choice = at::where(exact.choice > 2, pair.second, pair.first);
        checkAll("two groups", exact);
    }
}

TEST(noTokens) {
    Layer none = layer(0, 13, 5, 11, 4);
    checkAll("no tokens", none);
    none.input = none.input.view({2, 0, 13});
    none.choice = none.choice.view({2, 0});
    EXPECT(none.output().sizes() == at::IntArrayRef({2, 0, 11}));
}

TEST(noChannelsAndNoHiddenWidth) {
    checkAll("no channels", layer(6, 0, 5, 11, 4));
    checkAll("no hidden width", layer(6, 13, 0, 11, 4));
    checkAll("no outputs", layer(6, 13, 5, 0, 4));
}

TEST(allLearnersAreTheDenseLayers) {
    for (const auto &activation : activations) {
        Layer dense = layer(21, 13, 5, 11, 4);
        dense.activation = activation;
        dense.choice.fill_(4);
        Layer one = dense;
        one.learners = 1;
        one.choice = at::ones_like(dense.choice);
        EXPECT(error(dense.output(), dense.masked()) < 1e-12);
        EXPECT(at::equal(dense.output(), one.output()));
    }
}

TEST(denseLayersHaveGradients) {
    static auto op = c10::Dispatcher::singleton()
                         .findSchemaOrThrow("acm::mlp", "")
                         .typed<Tensor(const Tensor &, const Tensor &, const Tensor &, const Tensor &, const Tensor &,
                                       const std::string &)>();
    for (const std::string &name : activations) {
        Layer exact = layer(20, 24, 8, 12, 4);
        exact.choice.fill_(4);
        exact.activation = name;
        auto wanted = exact.derivatives([](const Layer &layer) { return layer.masked(); });
        auto found = exact.derivatives([](const Layer &layer) {
            return op.call(layer.input, layer.w1, layer.b1, layer.w2, layer.bias, layer.activation);
        });
        for (size_t index = 0; index < found.size(); ++index) EXPECT(error(found[index], wanted[index]) < 1e-12);
    }
}

TEST(leadingAxesAndStridesAndChoiceTypes) {
    Layer plain = layer(24, 13, 5, 11, 4);
    Tensor expected = plain.output();
    Layer shaped = plain;
    shaped.input = plain.input.view({2, 3, 4, 13});
    shaped.choice = plain.choice.view({2, 3, 4});
    EXPECT(at::equal(shaped.output(), expected.view({2, 3, 4, 11})));
    for (Tensor *tensor : {&shaped.w1, &shaped.w2}) *tensor = tensor->t().contiguous().t();
    shaped.input = shaped.input.permute({3, 2, 1, 0}).contiguous().permute({3, 2, 1, 0});
    shaped.choice = shaped.choice.permute({2, 1, 0}).contiguous().permute({2, 1, 0});
    EXPECT(error(shaped.output(), expected.view({2, 3, 4, 11})) < 1e-12);
    EXPECT(error(shaped.reference(), expected.view({2, 3, 4, 11})) < 1e-12);
    for (auto type : {at::kByte, at::kChar, at::kShort, at::kInt}) {
        Layer typed = plain;
        typed.choice = plain.choice.to(type);
        EXPECT(at::equal(typed.output(), expected));
    }
    Layer single = plain;
    single.input = plain.input[5];
    single.choice = plain.choice[5];
    EXPECT(error(single.output(), expected[5]) < 1e-12);
}

TEST(notANumberStaysInItsRow) {
    for (const auto &activation : activations) {
        Layer clean = layer(23, 32, 16, 32, 4).of(at::kFloat);
        clean.activation = activation;
        Layer poisoned = clean;
        poisoned.input = clean.input.clone();
        poisoned.choice[9] = 3;
        poisoned.input[9].fill_(NAN);
        Tensor output = poisoned.output(), reference = poisoned.reference();
        EXPECT(output[9].isnan().all().item<bool>());
        EXPECT(reference[9].isnan().all().item<bool>());
        output[9] = clean.output()[9];
        EXPECT(at::equal(output, clean.output()));
    }
}

TEST(aTokenThatRunsNoLearnerIgnoresItsInput) {
    Layer layer = ::layer(5, 13, 5, 11, 4);
    layer.choice[2] = 0;
    layer.input[2].fill_(NAN);
    EXPECT(at::equal(layer.output()[2], layer.bias));
    EXPECT(at::equal(layer.reference()[2], layer.bias));
}

/// But for rounding: BLAS libraries split sums as they like.
TEST(aTokenAloneIsTheTokenInABatch) {
    for (auto [type, tolerance] : {std::pair(at::kFloat, 1e-5), {at::kDouble, 1e-13}, {at::kBFloat16, 0.02}}) {
        for (auto [channels, width] : {std::pair(16, 16), std::pair(48, 24), std::pair(384, 96)}) {
            Layer batch = layer(1031, channels, width, channels, 4).of(type);
            Tensor whole = batch.output();
            double scale = whole.abs().max().item<double>(), largest = 0;
            for (int64_t token = 0; token < 1031; token += 97) {
                Layer alone = batch;
                alone.input = batch.input.narrow(0, token, 1);
                alone.choice = batch.choice.narrow(0, token, 1);
                largest = std::max(largest, error(alone.output()[0], whole[token]));
            }
            check::report(largest <= tolerance * scale, __FILE__, __LINE__,
                          std::string("a token of ") + std::to_string(channels) + " channels in " +
                              c10::toString(type) + " depends on its batch");
        }
    }
}

TEST(gradientsAreDifferences) {
    for (const char *activation : {"identity", "silu", "gelu", "gelu_tanh"}) {
        Layer exact = layer(7, 3, 2, 3, 4);
        exact.activation = activation;
        auto found = exact.derivatives([](const Layer &layer) { return layer.output(); });
        Tensor seed = at::arange(found[0].numel(), at::kDouble).mul_(0.7).cos_().view_as(found[0]);
        auto value = [&] { return (exact.reference() * seed).sum().item<double>(); };
        auto parameters = exact.parameters();
        for (size_t index = 0; index < parameters.size(); ++index) {
            Tensor numbers = parameters[index]->view(-1), slope = at::empty_like(numbers);
            constexpr double step = 1e-5;
            for (int64_t position = 0; position < numbers.numel(); ++position) {
                auto moved = [&](double by) {
                    numbers[position] += by;
                    return value();
                };
                double above = moved(step), below = moved(-2 * step);
                moved(step);
                slope[position] = (above - below) / (2 * step);
            }
            EXPECT(error(found[index + 1].view(-1), slope) < 1e-8);
        }
    }
}

TEST(autocastGivesOneTypeWhateverTheChoices) {
    at::autocast::set_autocast_dtype(at::kCPU, at::kBFloat16);
    at::autocast::set_autocast_enabled(at::kCPU, true);
    for (int64_t lowest : {0, 1, 4}) {
        Layer mixed = layer(20, 16, 8, 16, 4).of(at::kFloat);
        mixed.choice = mixed.choice.clamp_min(lowest);
        EXPECT(mixed.output().scalar_type() == at::kBFloat16);
        mixed.choice.fill_(0);
        EXPECT(mixed.output().scalar_type() == at::kBFloat16);
        mixed.input = mixed.input.to(at::kBFloat16);
        EXPECT(mixed.output().scalar_type() == at::kBFloat16);
    }
    EXPECT(layer(0, 16, 8, 16, 4).of(at::kFloat).output().scalar_type() == at::kBFloat16);
    at::autocast::set_autocast_enabled(at::kCPU, false);
    at::autocast::clear_cache();
}

TEST(everyArgumentIsChecked) {
    checkRefused([](Layer &l) { l.input = at::zeros({}); }, "input must have at least one axis");
    checkRefused([](Layer &l) { l.input = l.input.to(at::kLong); },
                 "input must hold real numbers, found Long");
    checkRefused([](Layer &l) { l.choice = l.choice.narrow(0, 0, 2); },
                 "choice must have the shape of input without its last axis, [3], found [2]");
    checkRefused([](Layer &l) { l.choice = l.choice.to(at::kFloat); },
                 "choice must hold integers, found Float");
    checkRefused([](Layer &l) { l.choice = l.choice.to(at::kBool); },
                 "choice must hold integers, found Bool");
    checkRefused([](Layer &l) { l.choice = at::full({3}, 5, at::kLong); },
                 "choice must lie in 0...4, found 5...5");
    checkRefused([](Layer &l) { l.choice = l.choice - 1; }, "choice must lie in 0...4, found -1...");
    checkRefused([](Layer &l) { l.learners = 0; }, "learners must be at least 1, found 0");
    checkRefused([](Layer &l) { l.learners = 3; }, "hidden width 8 is not a multiple of 3 learners");
    checkRefused([](Layer &l) { l.w1 = at::zeros({8, 6}); }, "w1 must be [hidden, 5], found [8, 6]");
    checkRefused([](Layer &l) { l.w1 = at::zeros({8}); }, "w1 must be [hidden, 5], found [8]");
    checkRefused([](Layer &l) { l.b1 = at::zeros({7}); }, "b1 must be [8], found [7]");
    checkRefused([](Layer &l) { l.b1 = at::zeros({}); }, "b1 must be [8], found []");
    checkRefused([](Layer &l) { l.w2 = at::zeros({4, 7}); },
                 "w2 must be [output, 8], found [4, 7]");
    checkRefused([](Layer &l) { l.w2 = at::zeros({8}); }, "w2 must be [output, 8], found [8]");
    checkRefused([](Layer &l) { l.bias = at::zeros({5}); }, "bias must be [4], found [5]");
    for (Tensor Layer::*member : {&Layer::w1, &Layer::b1, &Layer::w2, &Layer::bias})
        checkRefused([member](Layer &l) { l.*member = (l.*member).to(at::kDouble); },
                     "w1, b1, w2 and bias must hold Float as input does, found Double");
    for (Tensor Layer::*member : {&Layer::choice, &Layer::w1, &Layer::b1, &Layer::w2, &Layer::bias})
        checkRefused([member](Layer &l) { l.*member = (l.*member).to(at::kMeta); },
                     "all tensors must be on cpu, found one on meta");
    checkRefused([](Layer &l) { l.activation = "sigmoid"; },
                 "activation must be identity, relu, silu, gelu or gelu_tanh, found \"sigmoid\"");
}
