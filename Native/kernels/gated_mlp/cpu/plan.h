// How packed weights lie in memory. The files that are compiled for one instruction set include this:
// see rows.h for what that forbids.
//
// A product's left side (tokens) lies in strips of `stripRows` rows, its right side (weights) in
// panels of `panelWidth` columns. Both are cut along their depth into lines of 64 bytes, 16 words
// of 32 bits, whatever the type: a word holds one float32, two bfloat16 or four int8.
//
//   strip  [line][row 0 ... 11][word 0 ... 15]
//   panel  [line][word 0 ... 15][column 0 ... 31]
//
// Packed weights are a header, then the bias, then blocks of hidden channels in the order in which
// a tile of tokens reads them:
//
//   header | bias | for each learner, for each block of it:
//                       panels of w1 | b1 | w1's scales and sums | panels of w2 | w2's scales and sums
//
// Scales and sums are there for int8 only. A linear layer is header | bias | panels | scales and sums.
// All is filled up with zeros to whole lines and panels.
#pragma once

#include "../../cpu/rows.h"

namespace acm::cpu {

constexpr int64_t stripRows = 12, panelWidth = 32, lineWords = 16;
constexpr int64_t stripLineBytes = stripRows * lineBytes;
constexpr int64_t panelLineBytes = lineWords * panelWidth * 4;

/// The first bytes of packed weights.
struct Header {
    static constexpr int64_t gated = 0x31676d6361, linear = 0x316c6d6361;
    int64_t kind, precision, activation, channels, outputs, learners, learnerWidth, reserved;
};

/// Sizes and places in packed weights that follow from their header.
struct Plan {
    Precision precision;
    int64_t activation, channels, outputs, learners, learnerWidth;
    int64_t lineDepth;                  // elements of depth in a line
    int64_t inputLines, outputPanels;
    int64_t blocks, blockWidth, blockLines, blockPanels;  // of a learner; of a block
    int64_t biasAt, panelsAt;           // bytes from the start; blocks or a linear layer's panels
    int64_t b1At, scale1At, sum1At, w2At, scale2At, sum2At, blockBytes;  // in a block
    int64_t bytes;

    explicit Plan(const Header &header);
    int64_t blockAt(int64_t learner, int64_t block) const {
        return panelsAt + (learner * blocks + block) * blockBytes;
    }
    int64_t outputsPadded() const { return outputPanels * panelWidth; }
};

inline Plan::Plan(const Header &header)
    : precision(static_cast<Precision>(header.precision)), activation(header.activation),
      channels(header.channels), outputs(header.outputs), learners(header.learners),
      learnerWidth(header.learnerWidth) {
    bool quantised = precision == Precision::int8;
    lineDepth = lineWords * (precision == Precision::float32 ? 1 : quantised ? 4 : 2);
    inputLines = multipleAbove(channels, lineDepth) / lineDepth;
    outputPanels = multipleAbove(outputs, panelWidth) / panelWidth;
    biasAt = sizeof(Header);
    panelsAt = biasAt + outputPanels * panelWidth * 4;
    bool isLinear = header.kind == Header::linear;

    // A hidden block of a tile stays in the cache, so its width depends on the type.
    int64_t target = precision == Precision::float32 ? 256 : quantised ? 1024 : 512;
    int64_t step = lineDepth > panelWidth ? lineDepth : panelWidth;
    blocks = isLinear ? 0 : multipleAbove(learnerWidth, target) / target;
    blockWidth = blocks == 0 ? 0 : multipleAbove((learnerWidth + blocks - 1) / blocks, step);
    blockLines = isLinear ? inputLines : blockWidth / lineDepth;
    blockPanels = blockWidth / panelWidth;
    int64_t scales1 = quantised ? blockWidth * 4 : 0, scales2 = quantised ? outputsPadded() * 4 : 0;
    b1At = blockPanels * inputLines * panelLineBytes;
    scale1At = b1At + blockWidth * 4;
    sum1At = scale1At + scales1;
    w2At = sum1At + scales1;
    scale2At = w2At + outputPanels * blockLines * panelLineBytes;
    sum2At = scale2At + scales2;
    blockBytes = sum2At + scales2;
    bytes = panelsAt + (isLinear ? 1 : learners * blocks) * blockBytes;
}

/// Consecutive tokens of the sorted order and all that their products need.
struct Tile {
    const Plan *plan;
    const char *packed;
    Rows input, residual, output;  // residual.data may be null; the output is written
    const int64_t *order;          // the rows' places in input, residual and output
    int64_t rows;
    int64_t activation;  // of a linear layer; a gated layer's is in its plan

    int64_t strips() const { return (rows + stripRows - 1) / stripRows; }
};

/// A left side: strips, and for int8 the scale and the smallest value of each row.
struct Strips {
    char *data;
    float *scales, *lowest;
};

/// What each instruction set provides for each precision.
struct Kernels {
    /// Reads the tile's rows of the input.
    void (*gather)(const Tile &, const Strips &input);
    /// activation(w1 · input + b1) for some panels of a block of hidden channels, of the first `rows`
    /// rows. For int8 it goes to `wide`, room for rows × blockWidth floats.
    void (*hidden)(const Tile &, const Strips &input, int64_t learner, int64_t block, int64_t rows,
                   int64_t firstPanel, int64_t endPanel, const Strips &hidden, float *wide);
    /// For int8: brings a whole block from `wide` into strips. Does nothing for the others.
    void (*narrow)(const Tile &, int64_t rows, const float *wide, const Strips &hidden);
    /// Adds w2 · hidden to the sums of the first `rows` rows, for some panels of the outputs. A row's
    /// sums, from the first of these panels on, lie `sumsStride` floats after those of the row before.
    void (*output)(const Tile &, const Strips &hidden, int64_t learner, int64_t block, int64_t rows,
                   int64_t firstPanel, int64_t endPanel, float *sums, int64_t sumsStride);
    /// Sets the sums to the bias.
    void (*start)(const Tile &, int64_t firstPanel, int64_t endPanel, float *sums, int64_t sumsStride);
    /// Adds the residual and writes the output.
    void (*finish)(const Tile &, int64_t firstPanel, int64_t endPanel, const float *sums, int64_t sumsStride);
    /// All of a linear layer for some panels of its outputs.
    void (*linear)(const Tile &, const Strips &input, int64_t firstPanel, int64_t endPanel);
};

}  // namespace acm::cpu
