#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <check.h>
#include <error.h>

#include <functional>

#include "../test_layer.h"

using at::Tensor;

namespace {

template <typename Signature, typename... Arguments>
Tensor call(const char *name, const Arguments &...arguments) {
    return c10::Dispatcher::singleton().findSchemaOrThrow(name, "").typed<Signature>().call(arguments...);
}

using Optional = std::optional<Tensor>;
using Gated = Tensor(const Tensor &, const Tensor &, const Tensor &, const Tensor &, const Tensor &,
                     const Tensor &, int64_t, const std::string &);
using GatedPack = Tensor(const Tensor &, const Tensor &, const Tensor &, const Tensor &, int64_t,
                         const std::string &, const std::string &);
using GatedPacked = Tensor(const Tensor &, const Tensor &, const Tensor &, const Optional &);
using LinearPack = Tensor(const Tensor &, const Optional &, const std::string &);
using LinearPacked = Tensor(const Tensor &, const Tensor &, const std::string &, const Optional &);

const std::vector<std::string> activations = {"identity", "relu", "silu", "gelu", "gelu_tanh"};

/// How the products are computed, and the type of what goes in and comes out.
struct Form {
    std::string precision;
    at::ScalarType type;
    std::string name() const { return precision + " of " + c10::toString(type); }
};
const std::vector<Form> forms = {{"float32", at::kFloat},
                                 {"float32", at::kBFloat16},
                                 {"bfloat16", at::kBFloat16},
                                 {"bfloat16", at::kFloat},
                                 {"int8", at::kFloat},
                                 {"int8", at::kBFloat16}};

Tensor activate(const std::string &name, const Tensor &x) {
    if (name == "relu") return at::relu(x);
    if (name == "silu") return at::silu(x);
    if (name == "gelu") return at::gelu(x);
    if (name == "gelu_tanh") return at::gelu(x, "tanh");
    return x;
}

/// Numbers as 8 bits hold them, with a scale for each row.
Tensor quantised(const Tensor &x) {
    if (x.numel() == 0) return x;
    Tensor scale = x.abs().amax(-1, /*keepdim=*/true).clamp_min(1e-30) / 127;
    return (x / scale).round().mul(scale);
}

/// The plain linear layer of a precision, on float64 or the type that the precision has.
Tensor plainLinear(const Form &form, const Tensor &x, const Tensor &weight, const Tensor &bias) {
    if (form.precision == "int8")
        return at::linear(quantised(x.to(at::kDouble)), quantised(weight.to(at::kDouble)),
                          bias.to(at::kDouble));
    auto type = form.precision == "float32" ? at::kFloat : at::kBFloat16;
    return at::linear(x.to(type), weight.to(type), bias.to(type));
}

struct Layer {
    Tensor input, choice, w1, b1, w2, bias;
    int64_t learners;
    std::string activation = "gelu";
    Optional residual = std::nullopt;

    Tensor pack(const std::string &precision) const {
        return call<GatedPack>("acm::gated_mlp_pack", w1, b1, w2, bias, learners, activation, precision);
    }
    Tensor run(const Tensor &packed) const {
        return call<GatedPacked>("acm::gated_mlp_packed", input, choice, packed, residual);
    }
    Tensor output(const Form &form) const { return run(pack(form.precision)); }

    Tensor exact() const {
        Tensor result = call<Gated>("acm::gated_mlp_reference", input, choice, w1, b1, w2, bias,
                                    learners, activation);
        return residual ? result + *residual : result;
    }
    /// The dense layers with the hidden channels of learners that do not run set to zero.
    Tensor plain(const Form &form) const {
        Tensor hidden = activate(activation, plainLinear(form, input, w1, b1));
        Tensor learner = at::arange(w1.size(0)).div(w1.size(0) / learners, "floor");
        Tensor runs = learner < choice.unsqueeze(-1);
        Tensor result = plainLinear(form, at::where(runs, hidden, at::zeros({}, hidden.options())), w2, bias)
                            .to(form.type);
        return residual ? result + *residual : result;
    }

    Layer of(at::ScalarType type) const {
        Layer other = *this;
        for (Tensor *tensor : {&other.input, &other.w1, &other.b1, &other.w2, &other.bias})
            *tensor = tensor->to(type);
        if (other.residual) other.residual = other.residual->to(type);
        return other;
    }
};

Layer layer(int64_t tokens, int64_t channels, int64_t learnerWidth, int64_t outputs, int64_t learners) {
    return acm::gated_mlp::drawLayer<Layer>(tokens, channels, learnerWidth, outputs, learners);
}

/// Whether a result is as exact as the plain computation of its precision, both against float64.
void checkError(const std::string &what, const Form &form, const Tensor &found, const Tensor &plain,
                const Tensor &exact) {
    bool narrow = form.type == at::kBFloat16 || form.precision == "bfloat16";
    double epsilon = narrow ? 0x1p-7 : 0x1p-23;
    double scale = exact.numel() == 0 ? 1 : std::max(1.0, exact.abs().max().item<double>());
    double limit = 2 * error(plain, exact) + 2 * epsilon * scale, actual = error(found, exact);
    check::report(found.scalar_type() == form.type && actual <= limit, __FILE__, __LINE__,
                  what + " " + form.name() + ": error " + std::to_string(actual) + " exceeds " +
                      std::to_string(limit));
}

void checkAll(const std::string &what, const Layer &exact) {
    for (const Form &form : forms) {
        Layer rounded = exact.of(form.type);
        checkError(what, form, rounded.output(form), rounded.plain(form), rounded.exact());
        Layer residual = rounded;
        residual.residual = at::randn(rounded.bias.sizes()).to(form.type).expand(
            {rounded.input.size(0), rounded.bias.size(0)});
        checkError(what + " with a residual", form, residual.output(form), residual.plain(form),
                   residual.exact());
    }
}

void checkRefused(const std::string &expected, const std::function<void()> &body) {
    std::string message = "no refusal";
    try {
        body();
    } catch (const c10::Error &error) {
        message = error.what_without_backtrace();
    }
    check::report(message.find(expected) == 0, __FILE__, __LINE__,
                  "expected \"" + expected + "\", found \"" + message + "\"");
}

}  // namespace

TEST(everyActivation) {
    for (const auto &activation : activations) {
        Layer exact = layer(37, 13, 5, 11, 4);
        exact.activation = activation;
        checkAll(activation, exact);
    }
}

TEST(activationsOfLargeNumbers) {
    for (const auto &activation : activations) {
        Layer exact = layer(64, 1, 1, 1, 1).of(at::kFloat);
        exact.activation = activation;
        exact.input = at::linspace(-100, 100, 64).view({64, 1});
        exact.choice.fill_(1);
        for (Tensor *weight : {&exact.w1, &exact.w2}) weight->fill_(1);
        for (Tensor *bias : {&exact.b1, &exact.bias}) bias->fill_(0);
        EXPECT(error(exact.output(forms[0]), exact.exact()) < 1e-5);
    }
}

TEST(sizesAboveAndBetweenTiles) {
    for (int64_t learners : {1, 2, 3, 8}) checkAll("learners", layer(29, 17, 3, 7, learners));
    checkAll("wide", layer(67, 96, 48, 80, 4));
    checkAll("odd", layer(33, 65, 17, 31, 2));
    checkAll("single channels", layer(5, 1, 1, 1, 2));
    checkAll("several tiles", layer(211, 40, 72, 33, 4));
    checkAll("several blocks", layer(19, 770, 1100, 64, 2));
}

TEST(allTokensAtOneChoice) {
    for (int64_t tokens : {1, 2, 12, 13, 97}) {
        for (int64_t k = 0; k <= 4; ++k) {
            Layer exact = layer(tokens, 13, 5, 11, 4);
            exact.choice.fill_(k);
            checkAll(std::to_string(tokens) + " tokens at " + std::to_string(k), exact);
        }
    }
}

TEST(emptySizes) {
    checkAll("no tokens", layer(0, 13, 5, 11, 4));
    checkAll("no channels", layer(6, 0, 5, 11, 4));
    checkAll("no hidden width", layer(6, 13, 0, 11, 4));
    checkAll("no outputs", layer(6, 13, 5, 0, 4));
}

TEST(aTokenAloneEqualsTheTokenInABatch) {
    for (const Form &form : forms) {
        for (auto [channels, width] : {std::pair(5, 3), std::pair(48, 24), std::pair(200, 300)}) {
            Layer batch = layer(421, channels, width, channels, 4).of(form.type);
            Tensor packed = batch.pack(form.precision), whole = batch.run(packed);
            bool equal = true;
            for (int64_t count : {1, 5, 60}) {
                for (int64_t token = 0; token + count <= 421; token += 97) {
                    Layer part = batch;
                    part.input = batch.input.narrow(0, token, count);
                    part.choice = batch.choice.narrow(0, token, count);
                    equal = equal && at::equal(part.run(packed), whole.narrow(0, token, count));
                }
            }
            int threads = at::get_num_threads();
            at::set_num_threads(1);
            equal = equal && at::equal(batch.run(packed), whole);
            at::set_num_threads(threads);
            check::report(equal, __FILE__, __LINE__, form.name() + " depends on the batch");
        }
    }
}

TEST(notANumberStaysInItsRow) {
    for (const Form &form : forms) {
        for (const auto &activation : activations) {
            Layer clean = layer(230, 32, 16, 32, 4).of(form.type);
            clean.activation = activation;
            Layer poisoned = clean;
            poisoned.input = clean.input.clone();
            clean.choice[9] = 3;
            poisoned.input[9][4] = NAN;
            Tensor output = poisoned.output(form);
            EXPECT(output[9].isnan().all().item<bool>());
            output[9] = clean.output(form)[9];
            EXPECT(at::equal(output, clean.output(form)));
        }
    }
}

TEST(aTokenThatRunsNoLearnerIgnoresItsInput) {
    for (const Form &form : forms) {
        Layer some = layer(5, 13, 5, 11, 4).of(form.type);
        some.choice[2] = 0;
        some.input[2].fill_(NAN);
        EXPECT(at::equal(some.output(form)[2], some.bias));
        some.residual = at::ones({5, 11}, form.type);
        EXPECT(at::equal(some.output(form)[2], some.bias + 1));
    }
}

TEST(axesAndStridesAndChoiceTypes) {
    for (const Form &form : forms) {
        Layer plain = layer(24, 13, 5, 11, 4).of(form.type);
        plain.residual = at::randn({24, 11}).to(form.type);
        Tensor packed = plain.pack(form.precision), expected = plain.run(packed);
        Layer shaped = plain;
        for (Tensor *tensor : {&shaped.w1, &shaped.w2}) *tensor = tensor->t().contiguous().t();
        EXPECT(at::equal(shaped.pack(form.precision), packed));
        auto mixed = [](const Tensor &tensor) {
            return tensor.view({2, 3, 4, -1}).permute({3, 2, 1, 0}).contiguous().permute({3, 2, 1, 0});
        };
        shaped.input = mixed(plain.input);
        shaped.residual = mixed(*plain.residual);
        shaped.choice = plain.choice.view({2, 3, 4}).permute({2, 1, 0}).contiguous().permute({2, 1, 0});
        EXPECT(at::equal(shaped.run(packed), expected.view({2, 3, 4, 11})));
        Layer gaps = plain;  // rows of a wider matrix
        gaps.input = at::cat({plain.input, plain.input}, 1).narrow(1, 0, 13);
        EXPECT(at::equal(gaps.run(packed), expected));
        for (auto type : {at::kByte, at::kChar, at::kShort, at::kInt}) {
            Layer typed = plain;
            typed.choice = plain.choice.to(type);
            EXPECT(at::equal(typed.run(packed), expected));
        }
        Layer single = plain;
        single.input = plain.input[5];
        single.choice = plain.choice[5];
        single.residual = (*plain.residual)[5];
        EXPECT(at::equal(single.run(packed), expected[5]));
    }
}

TEST(linearLayers) {
    for (const Form &form : forms) {
        for (const auto &activation : activations) {
            for (auto [tokens, channels, outputs] :
                 {std::tuple(40, 7, 5), std::tuple(13, 65, 33), std::tuple(211, 96, 130),
                  std::tuple(0, 4, 4), std::tuple(3, 0, 4), std::tuple(3, 4, 0)}) {
                Layer drawn = layer(tokens, channels, outputs, 1, 1).of(form.type);
                Tensor packed = call<LinearPack>("acm::linear_pack", drawn.w1, Optional(drawn.b1), form.precision);
                Tensor exact = activate(activation, at::linear(drawn.input.to(at::kDouble), drawn.w1.to(at::kDouble),
                                                               drawn.b1.to(at::kDouble)));
                Tensor plain = activate(activation, plainLinear(form, drawn.input, drawn.w1, drawn.b1)).to(form.type);
                Tensor residual = at::randn({tokens, outputs}).to(form.type);
                auto run = [&](const Tensor &input, const Optional &residual) {
                    return call<LinearPacked>("acm::linear_packed", input, packed, activation, residual);
                };
                Tensor found = run(drawn.input, std::nullopt);
                checkError("linear", form, found, plain, exact);
                checkError("linear with a residual", form, run(drawn.input, residual), plain + residual,
                           exact + residual);
                for (int64_t token = 0; token < tokens; token += 50)
                    EXPECT(at::equal(run(drawn.input[token], std::nullopt), found[token]));
            }
        }
    }
    Layer drawn = layer(3, 8, 4, 1, 1).of(at::kFloat);
    auto packed = [&](const Optional &bias) {
        return call<LinearPack>("acm::linear_pack", drawn.w1, bias, std::string("float32"));
    };
    EXPECT(at::equal(packed(std::nullopt), packed(at::zeros({4}))));
}

TEST(everyArgumentOfPackingIsChecked) {
    auto refuses = [](const std::string &part, const std::function<void(Layer &)> &spoil,
                      const std::string &precision = "float32") {
        Layer spoiled = layer(3, 5, 2, 4, 4).of(at::kFloat);
        spoil(spoiled);
        checkRefused("acm::gated_mlp_pack: " + part, [&] { spoiled.pack(precision); });
    };
    refuses("learners must be at least 1, found 0", [](Layer &l) { l.learners = 0; });
    refuses("hidden width 8 is not a multiple of 3 learners", [](Layer &l) { l.learners = 3; });
    refuses("w1 must be [hidden, channels], found [8]", [](Layer &l) { l.w1 = at::zeros({8}); });
    refuses("b1 must be [8], found [7]", [](Layer &l) { l.b1 = at::zeros({7}); });
    refuses("w2 must be [output, 8], found [4, 7]", [](Layer &l) { l.w2 = at::zeros({4, 7}); });
    refuses("bias must be [4], found [5]", [](Layer &l) { l.bias = at::zeros({5}); });
    refuses("w1 must hold real numbers, found Long", [](Layer &l) { l.w1 = l.w1.to(at::kLong); });
    refuses("w2 must be on cpu, found on meta", [](Layer &l) { l.w2 = l.w2.to(at::kMeta); });
    refuses("activation must be identity, relu, silu, gelu or gelu_tanh, found \"sigmoid\"",
            [](Layer &l) { l.activation = "sigmoid"; });
    refuses("precision must be float32, bfloat16 or int8, found \"int4\"", [](Layer &) {}, "int4");
    auto packs = [](const Tensor &weight, const Optional &bias) {
        call<LinearPack>("acm::linear_pack", weight, bias, std::string("int8"));
    };
    checkRefused("acm::linear_pack: weight must be [output, channels], found [8]",
                 [&] { packs(at::zeros({8}), std::nullopt); });
    checkRefused("acm::linear_pack: bias must be [8], found [7]",
                 [&] { packs(at::zeros({8, 2}), at::zeros({7})); });
}

TEST(everyArgumentOfACallIsChecked) {
    Layer good = layer(3, 5, 2, 4, 4).of(at::kFloat);
    Tensor packed = good.pack("float32");
    auto refuses = [&](const std::string &part, const std::function<void(Layer &)> &spoil) {
        Layer spoiled = good;
        spoil(spoiled);
        checkRefused("acm::gated_mlp_packed: " + part, [&] { spoiled.run(packed); });
    };
    refuses("input must be [..., 5], found [3, 6]", [](Layer &l) { l.input = at::zeros({3, 6}); });
    refuses("input must be [..., 5], found []", [](Layer &l) { l.input = at::zeros({}); });
    refuses("input must be on cpu, found on meta", [](Layer &l) { l.input = l.input.to(at::kMeta); });
    refuses("input must hold Float or BFloat16, found Double",
            [](Layer &l) { l.input = l.input.to(at::kDouble); });
    refuses("choice must have the shape of input without its last axis, [3], found [2]",
            [](Layer &l) { l.choice = l.choice.narrow(0, 0, 2); });
    refuses("choice must hold integers, found Float", [](Layer &l) { l.choice = l.choice.to(at::kFloat); });
    refuses("choice must be on cpu, found on meta", [](Layer &l) { l.choice = l.choice.to(at::kMeta); });
    refuses("choice must lie in 0...4, found 5", [](Layer &l) { l.choice = at::full({3}, 5, at::kLong); });
    refuses("choice must lie in 0...4, found -1", [](Layer &l) { l.choice = at::full({3}, -1, at::kLong); });
    refuses("residual must be [3, 4], found [3, 5]", [](Layer &l) { l.residual = at::zeros({3, 5}); });
    refuses("residual must hold Float as input does, found BFloat16",
            [](Layer &l) { l.residual = at::zeros({3, 4}, at::kBFloat16); });
    std::string wrong = "acm::gated_mlp_packed: packed must be what acm::gated_mlp_pack returned";
    Tensor linear = call<LinearPack>("acm::linear_pack", good.w1, Optional(), std::string("float32"));
    for (const Tensor &other : {at::zeros({3}), at::zeros({512}, at::kByte), linear,
                                packed.narrow(0, 0, packed.numel() - 1), packed.to(at::kInt)})
        checkRefused(wrong, [&] { good.run(other); });
    checkRefused("acm::linear_packed: packed must be what acm::linear_pack returned", [&] {
        call<LinearPacked>("acm::linear_packed", good.input, packed, std::string("gelu"), Optional());
    });
    checkRefused("acm::linear_packed: activation must be identity, relu, silu, gelu or gelu_tanh, found \"tanh\"", [&] {
        call<LinearPacked>("acm::linear_packed", good.input, linear, std::string("tanh"), Optional());
    });
}
