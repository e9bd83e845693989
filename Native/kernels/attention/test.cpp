#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <c10/core/GradMode.h>
#include <check.h>
#include <error.h>

#include <functional>

using at::Tensor;

namespace {

using Optional = std::optional<Tensor>;
using Signature = Tensor(const Tensor &, const Tensor &, const Tensor &, int64_t, const Optional &,
                         std::optional<double>);

constexpr double infinity = std::numeric_limits<double>::infinity();
const at::ScalarType types[] = {at::kFloat, at::kBFloat16};

struct Input {
    Tensor query, key, value;
    int64_t heads;
    Optional mask = std::nullopt;
    std::optional<double> scale = std::nullopt;

    Tensor run() const {
        return c10::Dispatcher::singleton().findSchemaOrThrow("acm::attention", "").typed<Signature>().call(
            query, key, value, heads, mask, scale);
    }
    Tensor split(const Tensor &tensor) const {
        return tensor.reshape({tensor.size(0), tensor.size(1), heads, tensor.size(2) / heads}).transpose(1, 2);
    }
    Tensor libtorch() const {
        Optional added;
        if (mask) added = mask->view({mask->size(0), 1, 1, mask->size(1)});
        return at::scaled_dot_product_attention(split(query), split(key), split(value), added, 0, false, scale)
            .transpose(1, 2)
            .flatten(2);
    }
    /// In the type of the input, by plain products.
    Tensor plain() const {
        double factor = scale.value_or(1 / std::sqrt(static_cast<double>(query.size(2) / heads)));
        Tensor scores = at::matmul(split(query), split(key).transpose(2, 3)) * factor;
        if (mask) {
            Tensor row = mask->view({mask->size(0), 1, 1, mask->size(1)});
            scores = row.scalar_type() == at::kBool ? scores.masked_fill(row.logical_not(), -infinity) : scores + row;
        }
        Tensor weights = at::softmax(scores, -1).nan_to_num(0);  // zeros where all keys are hidden
        return at::matmul(weights, split(value)).transpose(1, 2).flatten(2);
    }
    Input of(at::ScalarType type) const {
        Input other = *this;
        for (Tensor *tensor : {&other.query, &other.key, &other.value}) *tensor = tensor->to(type);
        if (mask && mask->scalar_type() != at::kBool) other.mask = mask->to(type);
        return other;
    }
    Input samples(int64_t first, int64_t count) const {
        Input other = *this;
        for (Tensor *tensor : {&other.query, &other.key, &other.value}) *tensor = tensor->narrow(0, first, count);
        if (mask) other.mask = mask->narrow(0, first, count);
        return other;
    }
};

Input draw(int64_t batch, int64_t queries, int64_t keys, int64_t heads, int64_t width) {
    at::manual_seed(1);
    auto tensor = [&](int64_t tokens) { return at::randn({batch, tokens, heads * width}, at::kDouble); };
    return {tensor(queries), tensor(keys), tensor(keys), heads};
}

/// Hides keys here and there and at the end, more in each sample.
Tensor boolMask(int64_t batch, int64_t keys) {
    Tensor mask = at::ones({batch, keys}, at::kBool);
    for (int64_t sample = 0; sample < batch; ++sample) {
        int64_t shown = std::max<int64_t>(1, keys - sample * keys / batch);
        mask[sample].narrow(0, shown, keys - shown).fill_(false);
        for (int64_t key = sample; key + 1 < shown; key += 5) mask[sample][key] = false;
    }
    return mask;
}

std::string scientific(double number) {
    char text[32];
    std::snprintf(text, sizeof text, "%.2e", number);
    return text;
}

/// Whether a result is as exact as libtorch's in the same type, both against float64.
void checkError(const std::string &what, const Input &input) {
    for (auto type : types) {
        Input rounded = input.of(type);
        Tensor exact = rounded.of(at::kDouble).plain(), found = rounded.run();
        double epsilon = type == at::kFloat ? 0x1p-23 : 0x1p-9;
        double scale = exact.numel() == 0 ? 1 : exact.abs().max().item<double>();
        double limit = 2 * error(rounded.libtorch(), exact) + 2 * epsilon * scale, actual = error(found, exact);
        check::report(found.scalar_type() == type && found.is_contiguous() && actual <= limit, __FILE__, __LINE__,
                      what + " " + c10::toString(type) + ": error " + scientific(actual) + " exceeds " +
                          scientific(limit));
    }
}

void checkMasks(const std::string &what, Input input) {
    int64_t batch = input.key.size(0), keys = input.key.size(1);
    checkError(what, input);
    input.mask = boolMask(batch, keys);
    checkError(what + " with a mask of bool", input);
    Tensor added = at::randn({batch, keys}, at::kDouble);
    input.mask = added;
    checkError(what + " with a mask of numbers", input);
    input.mask = added.masked_fill(boolMask(batch, keys).logical_not(), -infinity);
    checkError(what + " with a mask of numbers and infinities", input);
}

void checkRefused(const std::string &expected, const std::function<void()> &body) {
    std::string message = "no refusal";
    try {
        body();
    } catch (const c10::Error &error) {
        message = error.what_without_backtrace();
    }
    check::report(message.find("acm::attention: " + expected) == 0, __FILE__, __LINE__,
                  "expected \"" + expected + "\", found \"" + message + "\"");
}

}  // namespace

TEST(countsOfKeysAndWidths) {
    for (int64_t keys : {1, 7, 64, 197, 513, 1500})
        for (int64_t width : {16, 24, 32, 64, 80, 128})
            checkMasks(std::to_string(keys) + " keys, width " + std::to_string(width),
                       draw(keys > 500 ? 1 : 2, keys > 500 ? 19 : std::min<int64_t>(keys, 70), keys, 2, width));
}

TEST(oddWidths) {
    for (int64_t width : {1, 2, 3, 15, 17, 33}) checkMasks("width " + std::to_string(width), draw(2, 9, 21, 3, width));
}

TEST(countsOfQueries) {
    for (int64_t queries = 1; queries < 30; ++queries)
        checkMasks(std::to_string(queries) + " queries", draw(1, queries, 37, 2, 20));
}

TEST(emptySizes) {
    checkError("no samples", draw(0, 5, 6, 2, 8));
    checkError("no queries", draw(2, 0, 6, 2, 8));
    checkError("no width", draw(2, 5, 6, 2, 0));
    for (auto type : types) EXPECT(at::equal(draw(2, 5, 0, 2, 8).of(type).run(), at::zeros({2, 5, 16}, type)));
}

TEST(scales) {
    for (double scale : {0.0, -0.5, 1.0, 3.0}) {
        Input input = draw(2, 30, 40, 2, 16);
        input.scale = scale;
        checkMasks("scale " + std::to_string(scale), input);
    }
}

TEST(largeScores) {
    Input input = draw(1, 30, 100, 2, 64);
    input.query *= 100;
    checkError("large scores", input);
    input.mask = at::full({1, 100}, -1e30, at::kDouble);
    checkError("large masks", input.of(at::kFloat));
}

TEST(allKeysHiddenGivesZerosAsInLibtorch) {
    for (auto type : types) {
        Input input = draw(3, 14, 35, 2, 16).of(type);
        for (const Tensor &hidden : {at::zeros({35}, at::kBool), at::full({35}, -infinity, type)}) {
            input.mask = hidden.scalar_type() == at::kBool ? boolMask(3, 35) : at::zeros({3, 35}, type);
            (*input.mask)[1].copy_(hidden);
            EXPECT(at::equal(input.run()[1], at::zeros({14, 32}, type)));
            EXPECT(at::equal(input.libtorch()[1], at::zeros({14, 32}, type)));
            checkError("a hidden sample", input);
        }
    }
}

TEST(aSampleAloneEqualsTheSampleInABatch) {
    for (auto type : types) {
        for (auto [queries, keys, width] : {std::tuple(197, 197, 64), std::tuple(100, 61, 24), std::tuple(1, 300, 32)}) {
            for (bool masked : {false, true}) {
                Input batch = draw(5, queries, keys, 3, width).of(type);
                if (masked) batch.mask = boolMask(5, keys);
                Tensor whole = batch.run();
                bool equal = true;
                int threads = at::get_num_threads();
                for (int count : {1, 2, 3, 4}) {
                    at::set_num_threads(count);
                    equal = equal && at::equal(batch.run(), whole);
                    for (int64_t sample = 0; sample < 5; ++sample)
                        equal = equal && at::equal(batch.samples(sample, 1).run(), whole.narrow(0, sample, 1));
                    equal = equal && at::equal(batch.samples(1, 3).run(), whole.narrow(0, 1, 3));
                }
                at::set_num_threads(threads);
                // A query's result does not depend on the others.
                for (int64_t first : {0, 5, 50, 90}) {
                    if (first + 10 > queries) continue;
                    Input part = batch;
                    part.query = batch.query.narrow(1, first, 10);
                    equal = equal && at::equal(part.run(), whole.narrow(1, first, 10));
                }
                check::report(equal, __FILE__, __LINE__, std::string(c10::toString(type)) + " depends on the batch");
            }
        }
    }
}

TEST(paddingChangesNothing) {
    for (auto type : types) {
        Input input = draw(2, 20, 50, 2, 24).of(type);
        Tensor expected = input.run();
        input.mask = at::cat({at::ones({2, 50}, at::kBool), at::zeros({2, 33}, at::kBool)}, 1);
        for (Tensor *tensor : {&input.key, &input.value})
            *tensor = at::cat({*tensor, at::full({2, 33, 48}, NAN, type)}, 1);
        EXPECT(at::equal(input.run(), expected));
    }
}

TEST(notANumberStaysInItsRow) {
    for (auto type : types) {
        Input clean = draw(2, 30, 40, 2, 16).of(type), poisoned = clean;
        poisoned.query = clean.query.clone();
        poisoned.query[1][9][4] = NAN;
        Tensor output = poisoned.run();
        EXPECT(output[1][9].narrow(0, 0, 16).isnan().all().item<bool>());
        output[1][9] = clean.run()[1][9];
        EXPECT(at::equal(output, clean.run()));
        poisoned = clean;
        poisoned.key = clean.key.clone();
        poisoned.key[0][7][20] = -NAN;
        EXPECT(poisoned.run()[0].narrow(1, 16, 16).isnan().all().item<bool>());
        EXPECT(at::equal(poisoned.run()[0].narrow(1, 0, 16), clean.run()[0].narrow(1, 0, 16)));
    }
}

TEST(strides) {
    for (auto type : types) {
        Input input = draw(3, 20, 33, 2, 24).of(type);
        input.mask = boolMask(3, 33);
        Tensor expected = input.run();
        Input gaps = input;  // columns of a wider matrix, as of a fused projection
        for (Tensor *tensor : {&gaps.query, &gaps.key, &gaps.value})
            *tensor = at::cat({*tensor, *tensor, *tensor}, 2).narrow(2, 48, 48);
        EXPECT(at::equal(gaps.run(), expected));
        Input turned = input;
        for (Tensor *tensor : {&turned.query, &turned.key, &turned.value})
            *tensor = tensor->permute({2, 1, 0}).contiguous().permute({2, 1, 0});
        turned.mask = input.mask->t().contiguous().t();
        EXPECT(at::equal(turned.run(), expected));
        Input same = input;
        same.key = input.key.narrow(0, 0, 1).expand({3, 33, 48});
        Input copied = same;
        copied.key = same.key.contiguous();
        EXPECT(at::equal(same.run(), copied.run()));
    }
}

/// Three linear layers, whether their weights lie one after another or not.
TEST(projectionsAsOne) {
    auto run = [](const Tensor &input, const std::vector<Tensor> &weights, const std::vector<Optional> &biases) {
        return c10::Dispatcher::singleton()
            .findSchemaOrThrow("acm::query_key_value", "")
            .typed<std::tuple<Tensor, Tensor, Tensor>(const Tensor &, const Tensor &, const Optional &, const Tensor &,
                                                      const Optional &, const Tensor &, const Optional &)>()
            .call(input, weights[0], biases[0], weights[1], biases[1], weights[2], biases[2]);
    };
    auto parts = [](const Tensor &whole) {
        return std::vector{whole.narrow(0, 0, 8), whole.narrow(0, 8, 8), whole.narrow(0, 16, 16)};
    };
    at::manual_seed(5);
    Tensor input = at::randn({2, 3, 24}), weight = at::randn({32, 24}), bias = at::randn({32});
    std::vector<Tensor> weights = parts(weight);
    std::vector<Optional> none(3), biases;
    for (const Tensor &part : parts(bias)) biases.emplace_back(part);
    auto check = [&](const std::vector<Tensor> &weights, const std::vector<Optional> &biases, bool isOne) {
        auto [query, key, value] = run(input, weights, biases);
        EXPECT(query.is_alias_of(value) == isOne);
        int64_t i = 0;
        for (const Tensor &found : {query, key, value}) {
            EXPECT(at::allclose(found, at::linear(input, weights[i], biases[i]), 1e-5, 1e-5));
            ++i;
        }
    };
    check(weights, none, true);
    check(weights, biases, true);
    check(weights, {biases[0], biases[1], biases[2]->clone()}, false);
    check(weights, {biases[0], std::nullopt, biases[2]}, false);
    check({weights[0], weights[1].clone(), weights[2]}, none, false);
    check({weights[1], weights[0], weights[2]}, none, false);
}

TEST(everyArgumentIsChecked) {
    auto refuses = [](const std::string &part, const std::function<void(Input &)> &spoil) {
        Input spoiled = draw(2, 3, 5, 2, 4).of(at::kFloat);
        spoil(spoiled);
        checkRefused(part, [&] { spoiled.run(); });
    };
    refuses("heads must be at least 1, found 0", [](Input &i) { i.heads = 0; });
    refuses("query must be [batch, queries, channels], found [3, 8]", [](Input &i) { i.query = i.query[0]; });
    refuses("query must have a multiple of 3 heads as channels, found 8", [](Input &i) { i.heads = 3; });
    refuses("query must hold Float or BFloat16, found Double", [](Input &i) { i = i.of(at::kDouble); });
    refuses("query must be on cpu, found on meta", [](Input &i) { i.query = i.query.to(at::kMeta); });
    refuses("key must be [2, keys, 8], found [1, 5, 8]", [](Input &i) { i.key = i.key.narrow(0, 0, 1); });
    refuses("key must hold Float as query does, found BFloat16", [](Input &i) { i.key = i.key.to(at::kBFloat16); });
    refuses("value must be [2, 5, 8] as key is, found [2, 4, 8]", [](Input &i) { i.value = i.value.narrow(1, 0, 4); });
    refuses("value must hold Float as query does, found Long", [](Input &i) { i.value = i.value.to(at::kLong); });
    refuses("value must not require gradients while they are recorded: there are none",
            [](Input &i) { i.value.set_requires_grad(true); });
    refuses("mask must be [2, 5], found [5]", [](Input &i) { i.mask = at::zeros({5}); });
    refuses("mask must be on cpu, found on meta", [](Input &i) { i.mask = at::zeros({2, 5}).to(at::kMeta); });
    refuses("mask must hold Bool or Float as query does, found Int",
            [](Input &i) { i.mask = at::zeros({2, 5}, at::kInt); });
    Input input = draw(2, 3, 5, 2, 4).of(at::kFloat);
    input.value.set_requires_grad(true);
    c10::GradMode::set_enabled(false);
    EXPECT(!input.run().requires_grad());
    c10::GradMode::set_enabled(true);
}
