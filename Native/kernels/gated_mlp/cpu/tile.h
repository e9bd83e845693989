// The products of one tile of tokens, for one instruction set, whose `Word<precision>` the including
// file has included (see ../../cpu/word.h).
#pragma once

#include "../../cpu/vector.h"
#include "plan.h"

namespace {

using acm::cpu::lineBytes, acm::cpu::lineWords, acm::cpu::panelLineBytes, acm::cpu::panelWidth,
    acm::cpu::stripLineBytes, acm::cpu::stripRows;
using acm::cpu::Plan, acm::cpu::Precision, acm::cpu::Strips, acm::cpu::Tile;

constexpr int64_t pairWidth = 2 * lanes;  // columns whose sums are in registers at once
constexpr int64_t prefetchBytes = 8192;
constexpr int64_t chainLines = 8;         // lines of float32 that are added up one by one

inline int64_t smaller(int64_t a, int64_t b) { return a < b ? a : b; }

/// Adds the products of `rows` rows of a strip and two vectors of a panel's columns to the sums.
template <Precision precision, int rows>
inline void multiply(const char *strip, const char *panel, int64_t lines,
                     typename Word<precision>::Sums (&sums)[rows][2]) {
    using Type = Word<precision>;
    for (; lines > 0; --lines, strip += stripLineBytes) {
#pragma GCC unroll 4
        for (int64_t word = 0; word < lineWords; ++word, panel += panelWidth * 4) {
            // The processor's own prefetching does not reach far enough ahead.
            __builtin_prefetch(panel + prefetchBytes);
            __builtin_prefetch(panel + prefetchBytes + lineBytes);
            auto left = Type::weights(panel), right = Type::weights(panel + vectorBytes);
#pragma GCC unroll 16
            for (int64_t row = 0; row < rows; ++row) {
                auto token = Type::token(strip + row * lineBytes + word * 4);
                Type::add(sums[row][0], token, left);
                Type::add(sums[row][1], token, right);
            }
        }
    }
}

/// For int8: a sum of whole numbers as the real number that it stands for.
struct Scaling {
    const float *scales, *sums;  // of a panel's columns
    const float *rowScales, *rowLowest;

    Floats operator()(Ints sum, int64_t row, int64_t column) const {
        Floats tokens = __builtin_convertvector(sum, Floats) * rowScales[row] +
                        load<Floats>(sums + column) * rowLowest[row];
        return tokens * load<Floats>(scales + column);
    }
};

/// The product of a strip's first `count` rows and a panel. Each vector of results goes to
/// `use(row, column, result)`; with `Start` the sums begin at what `start(row, column)` gives.
template <Precision precision, int rows, typename Start, typename Use>
inline void multiplyRows(const char *strip, const char *panel, int64_t lines, int64_t first,
                         int64_t count, const Scaling &scaling, Start start, Use use) {
    using Sums = typename Word<precision>::Sums;
    strip += first * lineBytes;
    for (int64_t column = 0; column < panelWidth; column += pairWidth) {
        Sums totals[rows][2];
        for (int64_t row = 0; row < rows; ++row)
            for (int64_t half = 0; half < 2; ++half) {
                if constexpr (precision == Precision::int8) totals[row][half] = Sums{};
                else totals[row][half] = start(first + row, column + half * lanes);
            }
        if constexpr (precision == Precision::float32) {
            // Sums of sums: one long chain of float32 additions would lose more bits.
            for (int64_t line = 0; line < lines; line += chainLines) {
                Sums sums[rows][2] = {};
                multiply<precision, rows>(strip + line * stripLineBytes,
                                          panel + line * panelLineBytes + column * 4,
                                          smaller(lines - line, chainLines), sums);
                for (int64_t row = 0; row < rows; ++row)
                    for (int64_t half = 0; half < 2; ++half) totals[row][half] += sums[row][half];
            }
        } else {
            multiply<precision, rows>(strip, panel + column * 4, lines, totals);
        }
        for (int64_t row = 0; row < rows && first + row < count; ++row)
            for (int64_t half = 0; half < 2; ++half) {
                int64_t at = column + half * lanes;
                if constexpr (precision == Precision::int8)
                    use(first + row, at,
                        start(first + row, at) + scaling(totals[row][half], first + row, at));
                else use(first + row, at, totals[row][half]);
            }
    }
}

template <Precision precision, typename Start, typename Use>
inline void multiplyStrip(const char *strip, const char *panel, int64_t lines, int64_t count,
                          const Scaling &scaling, Start start, Use use) {
    constexpr int many = Word<precision>::rows, few = 4;
    for (int64_t first = 0; first < count;) {
        if (many > few && count - first > few) {
            multiplyRows<precision, many>(strip, panel, lines, first, count, scaling, start, use);
            first += many;
        } else {
            multiplyRows<precision, few>(strip, panel, lines, first, count, scaling, start, use);
            first += few;
        }
    }
}

/// Where the element at `depth` of a strip's row lies; `depth` is a multiple of the lanes.
template <Precision precision>
inline char *place(const Strips &strips, int64_t lines, int64_t row, int64_t depth) {
    constexpr int64_t bytes = precision == Precision::float32 ? 4 : precision == Precision::bfloat16 ? 2 : 1;
    char *strip = strips.data + row / stripRows * lines * stripLineBytes;
    int64_t at = depth * bytes;
    return strip + at / lineBytes * stripLineBytes + row % stripRows * lineBytes + at % lineBytes;
}

template <Precision precision>
inline void put(char *to, Floats x) {
    if constexpr (precision == Precision::float32) store(to, x);
    if constexpr (precision == Precision::bfloat16) store(to, toBfloat16(x));
}

/// Writes a row as whole numbers from 0 to 255 between its smallest and its largest value.
/// `read(column)` gives the row's numbers.
template <typename Read>
inline void quantise(const Strips &strips, int64_t lines, int64_t row, int64_t width, Read read) {
    Floats low = read(0), high = low, nothing = {};
    for (int64_t column = 0; column < width; column += lanes) {
        Floats x = read(column);
        low = x < low ? x : low;
        high = x > high ? x : high;
        nothing += x - x;  // NaN if x is NaN or infinite
    }
    float lowest = low[0], highest = high[0], poison = 0;
    for (int64_t lane = 0; lane < lanes; ++lane) {
        lowest = low[lane] < lowest ? low[lane] : lowest;
        highest = high[lane] > highest ? high[lane] : highest;
        poison += nothing[lane];
    }
    float scale = (highest - lowest) / 255;
    float inverse = scale > 1e-30f ? 1 / scale : 0;
    strips.scales[row] = scale + poison;
    strips.lowest[row] = lowest + poison;
    for (int64_t column = 0; column < lines * lineBytes; column += lanes) {
        Floats x = column < width ? (read(column) - lowest) * inverse : Floats{};
        x = x >= 0.0f ? x : Floats{};
        x = x <= 255.0f ? x : all(255.0f);
        // Adding 1.5 · 2²³ rounds to a whole number in the low bits.
        Ints whole = (Ints)(x + 12582912.0f) & 0xff;
        store(place<Precision::int8>(strips, lines, row, column), __builtin_convertvector(whole, Bytes));
    }
}

template <Precision precision>
void gather(const Tile &tile, const Strips &input) {
    const Plan &plan = *tile.plan;
    for (int64_t row = 0; row < tile.strips() * stripRows; ++row) {
        // Rows after the last repeat it; their results are not used.
        int64_t token = tile.order[smaller(row, tile.rows - 1)];
        prefetchRow(tile.input, tile.order[smaller(row + 1, tile.rows - 1)], 0, plan.channels);
        auto read = [&](int64_t column) {
            return loadRow(tile.input, token, column, plan.channels - column);
        };
        if constexpr (precision == Precision::int8) {
            quantise(input, plan.inputLines, row, plan.channels, read);
        } else {
            for (int64_t column = 0; column < plan.inputLines * plan.lineDepth; column += lanes)
                put<precision>(place<precision>(input, plan.inputLines, row, column),
                               column < plan.channels ? read(column) : Floats{});
        }
    }
}

/// Calls one of the five instances of a function that has the activation's kind as a parameter.
#define ACM_CALL_OF_KIND(number, function, ...)                                                \
    switch (static_cast<Kind>(number)) {                                                       \
        case Kind::identity: return function<precision, Kind::identity>(__VA_ARGS__);          \
        case Kind::relu: return function<precision, Kind::relu>(__VA_ARGS__);                  \
        case Kind::silu: return function<precision, Kind::silu>(__VA_ARGS__);                  \
        case Kind::gelu: return function<precision, Kind::gelu>(__VA_ARGS__);                  \
        case Kind::geluTanh: return function<precision, Kind::geluTanh>(__VA_ARGS__);          \
    }

template <Precision precision, Kind kind>
void hiddenOf(const Tile &tile, const Strips &input, int64_t learner, int64_t block, int64_t rows,
              int64_t firstPanel, int64_t endPanel, const Strips &hidden, float *wide) {
    const Plan &plan = *tile.plan;
    const char *at = tile.packed + plan.blockAt(learner, block);
    auto b1 = reinterpret_cast<const float *>(at + plan.b1At);
    int64_t blockWidth = plan.blockWidth, blockLines = plan.blockLines;
    for (int64_t panel = firstPanel; panel < endPanel; ++panel) {
        int64_t depth = panel * panelWidth;
        for (int64_t first = 0; first < rows; first += stripRows) {
            Scaling scaling{reinterpret_cast<const float *>(at + plan.scale1At) + depth,
                            reinterpret_cast<const float *>(at + plan.sum1At) + depth,
                            input.scales + first, input.lowest + first};
            Strips strip{hidden.data + first * blockLines * lineBytes, nullptr, nullptr};
            multiplyStrip<precision>(
                input.data + first * plan.inputLines * lineBytes,
                at + panel * plan.inputLines * panelLineBytes, plan.inputLines,
                smaller(rows - first, stripRows), scaling,
                [=](int64_t, int64_t column) { return load<Floats>(b1 + depth + column); },
                [=](int64_t row, int64_t column, Floats x) {
                    x = activate<kind>(x);
                    if constexpr (precision == Precision::int8)
                        store(wide + (first + row) * blockWidth + depth + column, x);
                    else
                        put<precision>(place<precision>(strip, blockLines, row, depth + column), x);
                });
        }
    }
}

template <Precision precision>
void hidden(const Tile &tile, const Strips &input, int64_t learner, int64_t block, int64_t rows,
            int64_t firstPanel, int64_t endPanel, const Strips &hidden, float *wide) {
    ACM_CALL_OF_KIND(tile.plan->activation, hiddenOf, tile, input, learner, block, rows, firstPanel,
                     endPanel, hidden, wide)
}

template <Precision precision>
void narrow(const Tile &tile, int64_t rows, const float *wide, const Strips &hidden) {
    if constexpr (precision == Precision::int8) {
        int64_t width = tile.plan->blockWidth;
        for (int64_t row = 0; row < rows; ++row)
            quantise(hidden, tile.plan->blockLines, row, width, [=](int64_t column) {
                return load<Floats>(wide + row * width + column);
            });
    }
}

template <Precision precision>
void output(const Tile &tile, const Strips &hidden, int64_t learner, int64_t block, int64_t rows,
            int64_t firstPanel, int64_t endPanel, float *sums, int64_t sumsStride) {
    const Plan &plan = *tile.plan;
    const char *at = tile.packed + plan.blockAt(learner, block);
    for (int64_t panel = firstPanel; panel < endPanel; ++panel) {
        for (int64_t first = 0; first < rows; first += stripRows) {
            Scaling scaling{reinterpret_cast<const float *>(at + plan.scale2At) + panel * panelWidth,
                            reinterpret_cast<const float *>(at + plan.sum2At) + panel * panelWidth,
                            hidden.scales + first, hidden.lowest + first};
            float *corner = sums + first * sumsStride + (panel - firstPanel) * panelWidth;
            multiplyStrip<precision>(
                hidden.data + first * plan.blockLines * lineBytes,
                at + plan.w2At + panel * plan.blockLines * panelLineBytes, plan.blockLines,
                smaller(rows - first, stripRows), scaling,
                [=](int64_t row, int64_t column) { return load<Floats>(corner + row * sumsStride + column); },
                [=](int64_t row, int64_t column, Floats x) { store(corner + row * sumsStride + column, x); });
        }
    }
}

inline const float *bias(const Tile &tile) {
    return reinterpret_cast<const float *>(tile.packed + tile.plan->biasAt);
}

template <Precision precision>
void start(const Tile &tile, int64_t firstPanel, int64_t endPanel, float *sums, int64_t sumsStride) {
    for (int64_t row = 0; row < tile.strips() * stripRows; ++row)
        for (int64_t column = 0; column < (endPanel - firstPanel) * panelWidth; column += lanes)
            store(sums + row * sumsStride + column,
                  load<Floats>(bias(tile) + firstPanel * panelWidth + column));
}

/// Adds the residual to one vector of results and writes it.
inline void write(const Tile &tile, int64_t row, int64_t column, Floats x) {
    int64_t count = tile.plan->outputs - column, token = tile.order[row];
    if (count <= 0) return;
    if (tile.residual.data != nullptr) x += loadRow(tile.residual, token, column, count);
    storeRow(tile.output, token, column, count, x);
}

template <Precision precision>
void finish(const Tile &tile, int64_t firstPanel, int64_t endPanel, const float *sums, int64_t sumsStride) {
    int64_t first = firstPanel * panelWidth, width = (endPanel - firstPanel) * panelWidth;
    for (int64_t row = 0; row < tile.rows; ++row) {
        int64_t next = tile.order[smaller(row + 1, tile.rows - 1)], count = smaller(width, tile.plan->outputs - first);
        prefetchRow(tile.output, next, first, count);
        if (tile.residual.data != nullptr) prefetchRow(tile.residual, next, first, count);
        for (int64_t column = 0; column < width; column += lanes)
            write(tile, row, first + column, load<Floats>(sums + row * sumsStride + column));
    }
}

template <Precision precision, Kind kind>
void linearOf(const Tile &tile, const Strips &input, int64_t firstPanel, int64_t endPanel) {
    const Plan &plan = *tile.plan;
    const char *at = tile.packed + plan.panelsAt;
    for (int64_t panel = firstPanel; panel < endPanel; ++panel) {
        int64_t output = panel * panelWidth;
        for (int64_t first = 0; first < tile.rows; first += stripRows) {
            Scaling scaling{reinterpret_cast<const float *>(at + plan.scale2At) + output,
                            reinterpret_cast<const float *>(at + plan.sum2At) + output,
                            input.scales + first, input.lowest + first};
            multiplyStrip<precision>(
                input.data + first * plan.inputLines * lineBytes,
                at + panel * plan.inputLines * panelLineBytes, plan.inputLines,
                smaller(tile.rows - first, stripRows), scaling,
                [&](int64_t, int64_t column) { return load<Floats>(bias(tile) + output + column); },
                [&](int64_t row, int64_t column, Floats x) {
                    write(tile, first + row, output + column, activate<kind>(x));
                });
        }
    }
}

template <Precision precision>
void linear(const Tile &tile, const Strips &input, int64_t firstPanel, int64_t endPanel) {
    ACM_CALL_OF_KIND(tile.activation, linearOf, tile, input, firstPanel, endPanel)
}

template <Precision precision>
constexpr acm::cpu::Kernels kernels() {
    return {gather<precision>, hidden<precision>, narrow<precision>, output<precision>,
            start<precision>,  finish<precision>, linear<precision>};
}

}  // namespace
