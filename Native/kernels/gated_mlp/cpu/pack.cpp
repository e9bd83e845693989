#include <ATen/Parallel.h>
#include <ATen/ops/zeros.h>
#include <c10/util/BFloat16.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <vector>

#include "packed.h"

namespace acm::cpu {

namespace {

/// A part of a weight matrix: `columns` outputs of a product, each over `depth` numbers.
struct Matrix {
    const float *data;
    int64_t stride, columns, depth;

    const float *column(int64_t index) const { return data + index * stride; }
};

template <typename Element>
void place(char *panel, int64_t lineDepth, int64_t depth, int64_t lane, Element element) {
    int64_t perWord = lineDepth / lineWords;
    int64_t at = (depth / perWord * panelWidth + lane) * 4 + depth % perWord * (4 / perWord);
    std::memcpy(panel + at, &element, sizeof element);
}

/// `scales` and `sums` have a number for each column, for int8 only: the column is scale · whole
/// numbers, and its sum is that of the whole numbers.
void packPanels(const Plan &plan, const Matrix &matrix, int64_t lines, char *panels, char *scales,
                char *sums) {
    for (int64_t index = 0; index < matrix.columns; ++index) {
        const float *column = matrix.column(index);
        char *panel = panels + index / panelWidth * lines * panelLineBytes;
        int64_t lane = index % panelWidth;
        float largest = 0, sum = 0;
        if (plan.precision == Precision::int8)
            for (int64_t k = 0; k < matrix.depth; ++k)
                largest = std::isnan(column[k]) ? column[k] : std::max(largest, std::abs(column[k]));
        float scale = largest / 127, inverse = scale > 1e-30f ? 1 / scale : 0;
        for (int64_t k = 0; k < matrix.depth; ++k) {
            if (plan.precision == Precision::float32) place(panel, plan.lineDepth, k, lane, column[k]);
            if (plan.precision == Precision::bfloat16)
                place(panel, plan.lineDepth, k, lane, c10::BFloat16(column[k]));
            if (plan.precision == Precision::int8) {
                float whole = std::isfinite(inverse) ? std::nearbyint(column[k] * inverse) : 0;
                whole = whole >= -127 && whole <= 127 ? whole : 0;
                place(panel, plan.lineDepth, k, lane, static_cast<int8_t>(whole));
                sum += whole;
            }
        }
        if (plan.precision == Precision::int8) {
            std::memcpy(scales + index * 4, &scale, 4);
            std::memcpy(sums + index * 4, &sum, 4);
        }
    }
}

}  // namespace

at::Tensor pack(const Header &header, const at::Tensor &w1, const at::Tensor &b1, const at::Tensor &w2,
                const at::Tensor &bias) {
    Plan plan(header);
    at::Tensor packed = at::zeros({plan.bytes}, at::kByte);
    auto to = reinterpret_cast<char *>(packed.mutable_data_ptr<uint8_t>());
    std::memcpy(to, &header, sizeof header);
    auto numbers = [](char *destination, const float *from, int64_t count) {
        if (count > 0) std::memcpy(destination, from, static_cast<size_t>(count) * 4);
    };
    numbers(to + plan.biasAt, bias.const_data_ptr<float>(), plan.outputs);
    const float *second = w2.const_data_ptr<float>();
    if (header.kind == Header::linear) {
        char *at = to + plan.panelsAt;
        packPanels(plan, {second, plan.channels, plan.outputs, plan.channels}, plan.blockLines,
                   at + plan.w2At, at + plan.scale2At, at + plan.sum2At);
        return packed;
    }
    const float *first = w1.const_data_ptr<float>(), *firstBias = b1.const_data_ptr<float>();
    int64_t hidden = plan.learners * plan.learnerWidth;
    for (int64_t index = 0; index < plan.learners * plan.blocks; ++index) {
        int64_t learner = index / plan.blocks, offset = index % plan.blocks * plan.blockWidth;
        int64_t width = std::clamp<int64_t>(plan.learnerWidth - offset, 0, plan.blockWidth);
        if (width == 0) continue;
        int64_t from = learner * plan.learnerWidth + offset;
        char *at = to + plan.blockAt(learner, index % plan.blocks);
        packPanels(plan, {first + from * plan.channels, plan.channels, width, plan.channels},
                   plan.inputLines, at, at + plan.scale1At, at + plan.sum1At);
        numbers(at + plan.b1At, firstBias + from, width);
        packPanels(plan, {second + from, hidden, plan.outputs, width}, plan.blockLines, at + plan.w2At,
                   at + plan.scale2At, at + plan.sum2At);
    }
    return packed;
}

}  // namespace acm::cpu
