#include <ATen/ops/empty.h>

#include <cmath>
#include <vector>

#include "op.h"

namespace acm::gated_mlp {

namespace {

double apply(Activation activation, double x) {
    switch (activation) {
        case Activation::identity: return x;
        case Activation::relu: return std::isnan(x) ? x : std::max(x, 0.0);
        case Activation::silu: return x / (1 + std::exp(-x));
        case Activation::gelu: return 0.5 * x * (1 + std::erf(x * M_SQRT1_2));
        case Activation::geluTanh:
            return 0.5 * x * (1 + std::tanh(M_2_SQRTPI * M_SQRT1_2 * (x + 0.044715 * x * x * x)));
    }
    return NAN;
}

}  // namespace

at::Tensor reference(const Arguments &arguments) {
    auto host = [](const at::Tensor &tensor) { return tensor.to(at::kDouble).contiguous(); };
    at::Tensor input = host(arguments.input), choice = arguments.choice.contiguous();
    at::Tensor w1 = host(arguments.w1), b1 = host(arguments.b1);
    at::Tensor w2 = host(arguments.w2), bias = host(arguments.bias);
    int64_t tokens = input.size(0), channels = input.size(1);
    int64_t hidden = w1.size(0), outputs = w2.size(0);
    at::Tensor result = at::empty({tokens, outputs}, input.options());

    const double *x = input.const_data_ptr<double>();
    const double *first = w1.const_data_ptr<double>(), *firstBias = b1.const_data_ptr<double>();
    const double *second = w2.const_data_ptr<double>(), *lastBias = bias.const_data_ptr<double>();
    const int64_t *k = choice.const_data_ptr<int64_t>();
    double *y = result.mutable_data_ptr<double>();
    std::vector<double> activated(static_cast<size_t>(hidden));

    for (int64_t t = 0; t < tokens; ++t) {
        int64_t width = k[t] * (hidden / arguments.learners);
        for (int64_t j = 0; j < width; ++j) {
            double sum = firstBias[j];
            for (int64_t c = 0; c < channels; ++c) sum += first[j * channels + c] * x[t * channels + c];
            activated[static_cast<size_t>(j)] = apply(arguments.activation, sum);
        }
        for (int64_t o = 0; o < outputs; ++o) {
            double sum = lastBias[o];
            for (int64_t j = 0; j < width; ++j)
                sum += second[o * hidden + j] * activated[static_cast<size_t>(j)];
            y[t * outputs + o] = sum;
        }
    }
    return result;
}

}  // namespace acm::gated_mlp
