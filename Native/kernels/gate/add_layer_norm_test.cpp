// acm::add_layer_norm and acm::add_layer_norm_choose on a CPU, and on a CUDA device where there is one.
#include <ATen/ATen.h>
#include <ATen/autocast_mode.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <c10/core/InferenceMode.h>
#include <check.h>
#include <error.h>

#include <cmath>

using at::Tensor;

namespace {

using Signature = std::tuple<Tensor, Tensor>(const Tensor &, const Tensor &, const Tensor &, const Tensor &, double,
                                             const std::optional<Tensor> &);
using ChooseSignature = std::tuple<Tensor, Tensor, Tensor>(
    const Tensor &, const Tensor &, const Tensor &, const Tensor &, double, const Tensor &, const Tensor &,
    const Tensor &, const Tensor &, const Tensor &, const Tensor &, at::ArrayRef<double>, const std::optional<Tensor> &,
    int64_t, const std::optional<Tensor> &);
using GateSignature = Tensor(const Tensor &, const Tensor &, const Tensor &, const Tensor &, const Tensor &,
                             const Tensor &, const Tensor &, at::ArrayRef<double>, const std::optional<Tensor> &,
                             int64_t);

template <typename Signature>
auto operatorNamed(const char *name) {
    return c10::Dispatcher::singleton().findSchemaOrThrow(name, "").typed<Signature>();
}

struct Block {
    Tensor input, residual, weight, bias, gate[6];
    double epsilon = 1e-5;
    std::vector<double> offsets = {};
    std::optional<Tensor> term = {}, scale = {};
    int64_t minimum = 0;

    std::tuple<Tensor, Tensor> norm() const {
        static auto op = operatorNamed<Signature>("acm::add_layer_norm");
        return op.call(input, residual, weight, bias, epsilon, scale);
    }
    std::tuple<Tensor, Tensor, Tensor> choose() const {
        static auto op = operatorNamed<ChooseSignature>("acm::add_layer_norm_choose");
        return op.call(input, residual, weight, bias, epsilon, gate[0], gate[1], gate[2], gate[3], gate[4], gate[5],
                       offsets, term, minimum, scale);
    }
    Tensor sum() const { return residual + (scale ? input * *scale : input); }
    /// acm::gate_choice of what is normalised already.
    Tensor choice(const Tensor &normed) const {
        static auto op = operatorNamed<GateSignature>("acm::gate_choice");
        return op.call(normed, gate[0], gate[1], gate[2], gate[3], gate[4], gate[5], offsets, term, minimum);
    }
    Tensor layerNorm(const Tensor &sum) const {
        return at::layer_norm(sum, {sum.size(-1)}, weight, bias, epsilon);
    }

    Block of(at::ScalarType type) const {
        Block other = *this;
        for (Tensor *tensor : {&other.input, &other.residual, &other.weight, &other.bias}) *tensor = tensor->to(type);
        for (Tensor &tensor : other.gate) tensor = tensor.to(type);
        if (scale) other.scale = scale->to(type);
        return other;
    }
};

struct Shape {
    int64_t tokens, channels, width = 16, choices = 5;
};

Block block(const Shape &shape, at::Device device, bool isScaled = false) {
    at::manual_seed(1);
    auto draw = [&](at::IntArrayRef sizes, double scale) {
        return at::randn(sizes, at::kDouble).mul_(scale).to(device);
    };
    double inner = 1 / std::sqrt(shape.width);
    Block block{draw({shape.tokens, shape.channels}, 1) + 0.3,
            draw({shape.tokens, shape.channels}, 2) + 0.5,
            draw({shape.channels}, 0.5) + 1,
            draw({shape.channels}, 0.5),
            {draw({shape.width, shape.channels}, 2 / std::sqrt(shape.channels)), draw({shape.width}, 0.1),
             draw({shape.width, shape.width}, 2 * inner), draw({shape.width}, 0.1),
             draw({shape.choices, shape.width}, 2 * inner), draw({shape.choices}, 0.1)}};
    if (isScaled) block.scale = draw({shape.channels}, 0.7);
    return block;
}

std::vector<at::Device> devices() {
    std::vector<at::Device> found = {at::kCPU};
    if (at::hasCUDA()) found.push_back(at::Device(at::kCUDA, 0));
    return found;
}

std::string label(const Block &block) {
    return std::string(c10::toString(block.input.scalar_type())) + " on " + block.input.device().str() + ", " +
           std::to_string(block.input.numel() / block.input.size(-1)) + " tokens of " +
           std::to_string(block.input.size(-1)) + " channels, width " + std::to_string(block.gate[0].size(0)) + ", " +
           std::to_string(block.gate[4].size(0)) + " choices" + (block.scale ? ", scaled" : "");
}

void expect(bool passed, int line, const Block &block, const std::string &what) {
    check::report(passed, __FILE__, line, label(block) + ": " + what);
}

double epsilonOf(at::ScalarType type) {
    switch (type) {
        case at::kBFloat16: return 0x1p-8;
        case at::kHalf: return 0x1p-11;
        case at::kFloat: return 0x1p-22;
        default: return 0x1p-50;
    }
}

/// The sum to the bit, and a norm whose error is at most twice that of libtorch's, both against float64.
void checkNorm(const Block &block, const Tensor &sum, const Tensor &normed) {
    expect(at::equal(sum, block.sum()), __LINE__, block, "another sum");
    bool isShaped = normed.sizes() == sum.sizes() && normed.scalar_type() == sum.scalar_type();
    expect(isShaped, __LINE__, block, "a norm of another shape or type");
    if (!isShaped || sum.numel() == 0) return;
    Tensor truth = block.of(at::kDouble).layerNorm(sum.to(at::kDouble));
    double largest = truth.abs().max().item<double>(), found = error(normed, truth);
    double limit = 2 * error(block.layerNorm(sum), truth) + epsilonOf(sum.scalar_type()) * largest;
    expect(found <= limit, __LINE__, block,
           "the norm's error is " + std::to_string(found) + ", above " + std::to_string(limit));
}

/// Sum and norm as without the gate, and the choices of acm::gate_choice but for those of nearly equal logits.
void checkChoices(const Block &block) {
    auto [sum, normed, choice] = block.choose();
    checkNorm(block, sum, normed);
    Tensor expected = block.choice(normed);
    bool isShaped = choice.scalar_type() == at::kLong && choice.sizes() == expected.sizes();
    expect(isShaped, __LINE__, block, "choices of another shape or type");
    if (!isShaped || choice.numel() == 0) return;
    double differing = choice.ne(expected).to(at::kDouble).mean().item<double>();
    expect(differing <= (block.input.is_cpu() ? 0 : 0.02), __LINE__, block,
           std::to_string(differing) + " of the choices are not the gate's");
}

const std::vector<at::ScalarType> types = {at::kDouble, at::kFloat, at::kBFloat16, at::kHalf};

/// Tokens that are no multiple of a block's; the last four are not the CUDA kernels'.
const Shape shapes[] = {{1, 8},        {2, 768},         {197, 768},     {37, 136, 32, 65}, {300, 40, 64, 9},
                        {16, 1024, 16, 1}, {51, 1280, 32, 5}, {33, 776, 64, 5}, {3000, 64, 16, 4},
                        {50, 36},      {20, 1288},       {50, 64, 20},   {50, 64, 16, 70}};

}  // namespace

TEST(sumsAndNormsAreThoseOfTheLayersOneByOne) {
    c10::InferenceMode inference;
    for (auto device : devices())
        for (const Shape &shape : shapes)
            for (auto type : types)
                for (bool isScaled : {false, true}) {
                    Block own = block(shape, device, isScaled).of(type);
                    auto [sum, normed] = own.norm();
                    checkNorm(own, sum, normed);
                }
}

TEST(choicesAreThoseOfTheGate) {
    c10::InferenceMode inference;
    for (auto device : devices())
        for (const Shape &shape : shapes)
            for (auto type : types) {
                Block own = block(shape, device).of(type);
                checkChoices(own);
                own.scale = block(shape, device, true).of(type).scale;
                checkChoices(own);
                for (int64_t n = 0; n < shape.choices; ++n) own.offsets.push_back(0.3 * std::cos(n));
                own.minimum = 1;
                own.term = at::linspace(-0.4, 0.4, shape.choices, own.input.options());
                checkChoices(own);
            }
}

TEST(choicesDiffer) {
    for (auto device : devices()) {
        Tensor choice = std::get<2>(block({2000, 768}, device).of(at::kBFloat16).choose());
        EXPECT(choice.bincount({}, 5).gt(20).sum().item<int64_t>() >= 3);
    }
}

TEST(tokensFarFromZero) {
    c10::InferenceMode inference;
    for (auto device : devices())
        for (auto type : types) {
            Block far = block({33, 768}, device);
            far.input += 60;
            far = far.of(type);
            auto [sum, normed] = far.norm();
            checkNorm(far, sum, normed);
            Block flat = far;  // tokens without variance
            flat.input = at::ones_like(flat.input), flat.residual = at::zeros_like(flat.residual);
            EXPECT(at::allclose(std::get<1>(flat.norm()), flat.bias.expand({33, 768}), 1e-2, 1e-3));
        }
}

TEST(aTokenThatIsNoNumberStaysAlone) {
    for (auto device : devices())
        for (auto type : types) {
            Block clean = block({70, 64, 16, 9}, device).of(type), poisoned = clean;
            poisoned.residual = clean.residual.clone();
            poisoned.residual[33][5].fill_(NAN);
            auto [sum, normed, choice] = clean.choose();
            auto [otherSum, otherNormed, otherChoice] = poisoned.choose();
            EXPECT(otherNormed[33].isnan().all().item<bool>() && otherChoice[33].item<int64_t>() == 0);
            for (Tensor *tensor : {&normed, &otherNormed, &choice, &otherChoice}) (*tensor)[33].zero_();
            EXPECT(at::equal(normed, otherNormed) && at::equal(choice, otherChoice));
        }
}

TEST(anyStridesAndAxes) {
    for (auto device : devices()) {
        Block plain = block({120, 64}, device, true).of(at::kBFloat16);
        auto [sum, normed, choice] = plain.choose();
        auto agrees = [&, expected = choice](const Block &other, int line) {
            auto [found, foundNormed, foundChoice] = other.choose();
            auto shape = other.input.sizes();
            expect(at::equal(found, sum.view(shape)) && at::equal(foundNormed, normed.view(shape)) &&
                       at::equal(foundChoice, expected.view(shape.slice(0, shape.size() - 1))),
                   line, other, "strides change the results");
            auto [alone, aloneNormed] = other.norm();
            expect(at::equal(alone, found), line, other, "another sum without a gate");
            checkNorm(other, alone, aloneNormed);
        };
        Block shaped = plain;
        shaped.input = plain.input.view({2, 3, 20, 64}), shaped.residual = plain.residual.view({2, 3, 20, 64});
        agrees(shaped, __LINE__);
        Block strided = plain;
        strided.input = at::cat({plain.input, plain.input}, 1).narrow(1, 0, 64);
        strided.residual = at::cat({plain.residual, plain.residual, plain.input}, 1).narrow(1, 64, 64);
        strided.weight = at::stack({plain.weight, plain.bias}, 1).select(1, 0);
        strided.bias = at::cat({plain.bias.narrow(0, 0, 1), plain.bias}).narrow(0, 1, 64);
        strided.scale = at::stack({*plain.scale, plain.bias}, 1).select(1, 0);
        agrees(strided, __LINE__);
        strided.input = plain.input.t().contiguous().t();
        strided.residual = at::cat({plain.residual.narrow(1, 0, 1), plain.residual}, 1).narrow(1, 1, 64);
        agrees(strided, __LINE__);
        Block expanded = plain;
        expanded.residual = plain.residual[7].expand({120, 64});
        auto [found, foundNormed] = expanded.norm();
        checkNorm(expanded, found, foundNormed);
        Block single = plain;
        single.input = plain.input[7], single.residual = plain.residual[7];
        EXPECT(at::equal(std::get<0>(single.norm()), sum[7]) && std::get<2>(single.choose()).dim() == 0);
        Block none = plain;
        none.input = plain.input.narrow(0, 0, 0), none.residual = plain.residual.narrow(0, 0, 0);
        EXPECT(std::get<1>(none.norm()).sizes() == at::IntArrayRef({0, 64}));
        EXPECT(std::get<2>(none.choose()).sizes() == at::IntArrayRef({0}));
    }
}

TEST(theScaleAloneIsLearned) {
    for (auto device : devices())
        for (bool chooses : {false, true}) {
            Block own = block({9, 64}, device, true).of(at::kBFloat16);
            own.scale->requires_grad_();
            Tensor normed = chooses ? std::get<1>(own.choose()) : std::get<1>(own.norm());
            EXPECT(normed.requires_grad());
        }
}

TEST(gradientsAreThoseOfTheLayers) {
    for (auto device : devices())
        for (auto type : {at::kDouble, at::kBFloat16})
            for (bool chooses : {false, true}) {
                auto gradients = [&](bool fused) {
                    Block own = block({9, 64}, device, true).of(type);
                    Tensor *leaves[] = {&own.input, &own.residual, &own.weight, &own.bias, &*own.scale};
                    for (Tensor *leaf : leaves) leaf->requires_grad_();
                    Tensor sum, normed;
                    if (!fused) sum = own.sum(), normed = own.layerNorm(sum);
                    else if (chooses) std::tie(sum, normed, std::ignore) = own.choose();
                    else std::tie(sum, normed) = own.norm();
                    (normed * normed.detach().cos()).sum().add(sum.square().sum()).backward();
                    std::vector<Tensor> found;
                    for (Tensor *leaf : leaves) found.push_back(leaf->grad());
                    return found;
                };
                auto found = gradients(true), expected = gradients(false);
                for (size_t i = 0; i < found.size(); ++i)
                    EXPECT(found[i].defined() && at::allclose(found[i], expected[i]));
            }
}

TEST(autocastIsThatOfTheLayers) {
    c10::InferenceMode inference;
    for (auto device : devices()) {
        Block mixed = block({40, 64}, device, true).of(at::kFloat);
        mixed.input = mixed.input.to(at::kBFloat16);
        at::autocast::set_autocast_dtype(device.type(), at::kBFloat16);
        at::autocast::set_autocast_enabled(device.type(), true);
        auto [sum, normed, choice] = mixed.choose();
        auto [alone, aloneNormed] = mixed.norm();
        Tensor expectedSum = mixed.sum(), expected = mixed.layerNorm(expectedSum);
        Tensor expectedChoice = mixed.choice(expected);
        Block low = mixed.of(at::kBFloat16);
        auto [lowSum, lowNormed] = low.norm();
        Tensor expectedLow = low.layerNorm(low.sum());
        at::autocast::set_autocast_enabled(device.type(), false);
        at::autocast::clear_cache();
        EXPECT(at::equal(sum, expectedSum) && at::equal(normed, expected) && at::equal(choice, expectedChoice));
        EXPECT(at::equal(alone, expectedSum) && at::equal(aloneNormed, expected));
        EXPECT(lowNormed.scalar_type() == expectedLow.scalar_type() && at::equal(lowNormed, expectedLow));
    }
}

TEST(whatBreaksTheContractIsRefused) {
    Block right = block({6, 8, 16, 3}, at::kCPU);
    auto expectRefusal = [](const Block &wrong, bool chooses, const std::string &part) {
        std::string message = "no refusal";
        try {
            if (chooses) wrong.choose();
            else wrong.norm();
        } catch (const c10::Error &error) {
            message = error.what_without_backtrace();
        }
        check::report(message.find(part) != std::string::npos, __FILE__, __LINE__, message + ", expected " + part);
    };
    auto refused = [&](const char *part, auto change) {
        Block wrong = right;
        change(wrong);
        expectRefusal(wrong, false, part);
        expectRefusal(wrong, true, part);
    };
    refused("input must have at least one axis", [](Block &b) { b.input = at::zeros({}, at::kDouble); });
    refused("residual must be [6, 8] as input is, found [1, 8]",
            [](Block &b) { b.residual = b.residual.narrow(0, 0, 1); });
    refused("weight must be [8], found [7]", [](Block &b) { b.weight = b.weight.narrow(0, 0, 7); });
    refused("bias must be [8], found [1, 8]", [](Block &b) { b.bias = b.bias.unsqueeze(0); });
    refused("scale must be [8], found [1]", [](Block &b) { b.scale = b.bias.narrow(0, 0, 1); });
    refused("all tensors must be on cpu, found one on meta", [](Block &b) { b.bias = b.bias.to(at::kMeta); });
    refused("all tensors must be on cpu, found one on meta", [](Block &b) { b.scale = b.bias.to(at::kMeta); });
    Block wrong = right;
    wrong.gate[2] = wrong.gate[2].narrow(1, 0, 15);
    expectRefusal(wrong, true, "w2 must be [16, 16], found [16, 15]");
}
