// acm::gate_choice on a CPU, and on a CUDA device where there is one.
#include <ATen/ATen.h>
#include <ATen/autocast_mode.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <c10/core/InferenceMode.h>
#include <check.h>

#include <cmath>

using at::Tensor;

namespace {

using Signature = Tensor(const Tensor &, const Tensor &, const Tensor &, const Tensor &, const Tensor &,
                         const Tensor &, const Tensor &, at::ArrayRef<double>, const std::optional<Tensor> &,
                         int64_t);

struct Gate {
    Tensor input, w1, b1, w2, b2, w3, b3;
    std::vector<double> offsets;
    std::optional<Tensor> term;
    int64_t minimum = 0;

    Tensor choice() const {
        static auto op =
            c10::Dispatcher::singleton().findSchemaOrThrow("acm::gate_choice", "").typed<Signature>();
        return op.call(input, w1, b1, w2, b2, w3, b3, offsets, term, minimum);
    }
    /// By one operator of libtorch after the other.
    Tensor logits() const {
        Tensor hidden = at::gelu(at::linear(at::gelu(at::linear(input, w1, b1)), w2, b2));
        Tensor logits = at::linear(hidden, w3, b3);
        if (logits.scalar_type() != at::kDouble) logits = logits.to(at::kFloat);
        if (!offsets.empty()) logits = logits + at::tensor(offsets, logits.options());
        return term ? logits + term->to(logits.scalar_type()) : logits;
    }

    Gate of(at::ScalarType type) const {
        Gate other = *this;
        for (Tensor *tensor : {&other.input, &other.w1, &other.b1, &other.w2, &other.b2, &other.w3, &other.b3})
            *tensor = tensor->to(type);
        return other;
    }
};

struct Shape {
    int64_t tokens, channels, width, choices;
};

Gate gate(const Shape &shape, at::Device device) {
    at::manual_seed(1);
    auto draw = [&](at::IntArrayRef sizes, double scale) {
        return at::randn(sizes, at::kDouble).mul_(scale).to(device);
    };
    double inner = 1 / std::sqrt(shape.width);
    return {draw({shape.tokens, shape.channels}, 1),
            draw({shape.width, shape.channels}, 1 / std::sqrt(shape.channels)),
            draw({shape.width}, 0.5),
            draw({shape.width, shape.width}, inner),
            draw({shape.width}, 0.5),
            draw({shape.choices, shape.width}, 2 * inner),
            draw({shape.choices}, 0.5),
            {},
            {}};
}

std::vector<at::Device> devices() {
    std::vector<at::Device> found = {at::kCPU};
    if (at::hasCUDA()) found.push_back(at::Device(at::kCUDA, 0));
    return found;
}

std::string label(const Gate &gate) {
    return std::string(c10::toString(gate.input.scalar_type())) + " on " + gate.input.device().str() + ", " +
           std::to_string(gate.input.size(-1)) + " channels, width " + std::to_string(gate.w1.size(0)) + ", " +
           std::to_string(gate.w3.size(0)) + " choices";
}

/// No logit is larger, up to the type's rounding, than that of the token's choice.
void checkChoices(const Gate &gate) {
    Tensor found = gate.choice();
    bool isShaped = found.scalar_type() == at::kLong &&
                    found.sizes() == gate.input.sizes().slice(0, gate.input.dim() - 1);
    check::report(isShaped, __FILE__, __LINE__, label(gate) + ": not int64 of the shape of the tokens");
    if (!isShaped || found.numel() == 0) return;
    Gate exact = gate.of(at::kDouble);
    Tensor logits = exact.logits(), index = found - gate.minimum;
    bool isInRange = index.min().item<int64_t>() >= 0 && index.max().item<int64_t>() < gate.w3.size(0);
    check::report(isInRange, __FILE__, __LINE__, label(gate) + ": a choice that there is not");
    if (!isInRange) return;
    double shortOf = (logits.amax(-1) - logits.gather(-1, index.unsqueeze(-1)).squeeze(-1)).max().item<double>();
    auto type = gate.input.scalar_type();
    double limit = type == at::kBFloat16 ? 0.1 : type == at::kHalf ? 0.02 : 1e-4;
    check::report(shortOf <= limit, __FILE__, __LINE__,
                  label(gate) + ": a choice is " + std::to_string(shortOf) + " short of the best");
    // Of one type and the other nearly all choices are the same.
    Tensor layered = gate.logits().argmax(-1);
    double differing = index.ne(layered).to(at::kDouble).mean().item<double>();
    bool isExact = gate.input.is_cpu();
    check::report(differing <= (isExact ? 0 : 0.02), __FILE__, __LINE__,
                  label(gate) + ": " + std::to_string(differing) +
                      " of the choices are not those of the layers one by one");
}

const std::vector<at::ScalarType> types = {at::kDouble, at::kFloat, at::kBFloat16, at::kHalf};

}  // namespace

TEST(choicesAreThoseOfTheLayersOneByOne) {
    c10::InferenceMode inference;
    // The last two shapes are not the CUDA kernel's.
    const Shape shapes[] = {{500, 768, 16, 5}, {1, 8, 16, 2},    {37, 136, 32, 65}, {300, 40, 64, 9},
                            {16, 1000, 16, 1}, {3000, 64, 16, 4}, {50, 36, 16, 5},  {50, 64, 20, 70}};
    for (auto device : devices())
        for (const Shape &shape : shapes)
            for (auto type : types) {
                Gate plain = gate(shape, device).of(type);
                checkChoices(plain);
                Gate offset = plain;
                for (int64_t n = 0; n < shape.choices; ++n) offset.offsets.push_back(0.3 * std::cos(n));
                offset.minimum = 1;
                checkChoices(offset);
                offset.term = at::linspace(-0.4, 0.4, shape.choices, plain.input.options());
                checkChoices(offset);
            }
}

TEST(choicesDiffer) {
    for (auto device : devices()) {
        Tensor counts = gate({2000, 768, 16, 5}, device).of(at::kBFloat16).choice().bincount({}, 5);
        EXPECT(counts.gt(20).sum().item<int64_t>() >= 3);
    }
}

TEST(ofEqualLogitsTheFirstIsChosen) {
    for (auto device : devices())
        for (auto type : types) {
            Gate equal = gate({70, 64, 16, 9}, device).of(type);
            equal.w3.zero_();
            equal.b3.zero_();
            equal.minimum = 2;
            EXPECT(equal.choice().eq(2).all().item<bool>());
            equal.offsets = {0, 0, 0, 1, 1, 0, 1, 1, 1};
            EXPECT(equal.choice().eq(2 + 3).all().item<bool>());
        }
}

TEST(aNumberThatIsNoneIsTheLargest) {
    for (auto device : devices())
        for (auto type : types) {
            Gate clean = gate({70, 64, 16, 9}, device).of(type), poisoned = clean;
            poisoned.input = clean.input.clone();
            poisoned.input[33].fill_(NAN);
            Tensor expected = clean.choice();
            expected[33] = 0;
            EXPECT(at::equal(poisoned.choice(), expected));
            clean.offsets = std::vector<double>(9, 0.0);
            clean.offsets[5] = clean.offsets[7] = NAN;
            EXPECT(clean.choice().eq(5).all().item<bool>());
            clean.offsets = {};
            clean.b3[8] = INFINITY;
            EXPECT(clean.choice().eq(8).all().item<bool>());
        }
}

TEST(offsetsAndTermAdd) {
    for (auto device : devices()) {
        Gate sum = gate({50, 64, 16, 4}, device).of(at::kBFloat16);
        sum.offsets = {0, 0, 100, 0};
        EXPECT(sum.choice().eq(2).all().item<bool>());
        sum.term = at::tensor({0.0, 300.0, 0.0, 0.0}).to(sum.input.options());
        EXPECT(sum.choice().eq(1).all().item<bool>());
        sum.offsets = {0, -400, 100, 0};
        EXPECT(sum.choice().eq(2).all().item<bool>());
    }
}

TEST(anyStridesAndAxes) {
    for (auto device : devices()) {
        Gate plain = gate({120, 64, 16, 5}, device).of(at::kBFloat16);
        Tensor expected = plain.choice();
        Gate shaped = plain;
        shaped.input = plain.input.view({2, 3, 20, 64});
        EXPECT(at::equal(shaped.choice(), expected.view({2, 3, 20})));
        shaped.input = plain.input[7];
        EXPECT(at::equal(shaped.choice(), expected[7]));
        Gate strided = plain;
        strided.input = at::cat({plain.input, plain.input}, 1).narrow(1, 0, 64);
        strided.w1 = plain.w1.t().contiguous().t();
        strided.b1 = at::cat({plain.b1.narrow(0, 0, 1), plain.b1}).narrow(0, 1, 16);
        EXPECT(at::equal(strided.choice(), expected));
        strided.input = plain.input.t().contiguous().t();
        EXPECT(at::equal(strided.choice(), expected));
        strided.input = at::cat({plain.input.narrow(1, 0, 1), plain.input}, 1).narrow(1, 1, 64);
        EXPECT(at::equal(strided.choice(), expected));
        Gate none = plain;
        none.input = plain.input.narrow(0, 0, 0);
        EXPECT(none.choice().sizes() == at::IntArrayRef({0}));
    }
}

TEST(autocastCastsTheLayers) {
    c10::InferenceMode inference;
    for (auto device : devices()) {
        Gate single = gate({200, 64, 16, 5}, device).of(at::kFloat);
        at::autocast::set_autocast_dtype(device.type(), at::kBFloat16);
        at::autocast::set_autocast_enabled(device.type(), true);
        Tensor found = single.choice(), expected = single.logits().argmax(-1);
        single.input = single.input.to(at::kBFloat16);
        Tensor mixed = single.choice();
        at::autocast::set_autocast_enabled(device.type(), false);
        at::autocast::clear_cache();
        EXPECT(at::equal(found, expected) && at::equal(mixed, expected));
    }
}

TEST(whatBreaksTheContractIsRefused) {
    Gate right = gate({6, 8, 16, 3}, at::kCPU);
    auto refused = [&](const char *part, auto change) {
        Gate wrong = right;
        change(wrong);
        std::string message = "no refusal";
        try {
            wrong.choice();
        } catch (const c10::Error &error) {
            message = error.what_without_backtrace();
        }
        check::report(message.find(part) != std::string::npos, __FILE__, __LINE__, message + ", expected " + part);
    };
    refused("input must have at least one axis", [](Gate &g) { g.input = at::zeros({}, at::kDouble); });
    refused("input must hold real numbers", [](Gate &g) { g.input = g.input.to(at::kLong); });
    refused("w1 must be [width, 8], found [16, 7]", [](Gate &g) { g.w1 = g.w1.narrow(1, 0, 7); });
    refused("b1 must be [16], found [15]", [](Gate &g) { g.b1 = g.b1.narrow(0, 0, 15); });
    refused("w2 must be [16, 16], found [16, 15]", [](Gate &g) { g.w2 = g.w2.narrow(1, 0, 15); });
    refused("b2 must be [16], found [1, 16]", [](Gate &g) { g.b2 = g.b2.unsqueeze(0); });
    refused("w3 must be [choices, 16]", [](Gate &g) { g.w3 = g.w3.narrow(0, 0, 0); });
    refused("b3 must be [3], found [2]", [](Gate &g) { g.b3 = g.b3.narrow(0, 0, 2); });
    refused("offsets must be none or 3, found 2", [](Gate &g) { g.offsets = {1, 2}; });
    refused("term must be [3], found [2]", [](Gate &g) { g.term = at::zeros({2}, at::kDouble); });
    refused("minimum must be at least 0, found -1", [](Gate &g) { g.minimum = -1; });
    refused("the layers must hold Double as input does, found Float", [](Gate &g) { g.b2 = g.b2.to(at::kFloat); });
}
