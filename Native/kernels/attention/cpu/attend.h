// Attention of one head, for one instruction set, whose `Word<precision>` the including file has included
// (see ../../cpu/word.h).
//
//     for each block of queries, as many as the registers hold rows of sums:
//         scores = query · keyᵀ · scale + bias            all keys: they stay in a core's cache
//         weights = 2^(scores - the row's largest)         in place, rounded to the precision
//         output = weights · value / their sum
//
// Queries and weights lie in strips, keys and values in panels of two vectors' columns, the last one of
// one or two. A word holds 32 bits: one float32 or two bfloat16.
//
//   strip  [line][row][word 0 ... 15]
//   panel  [word][column]
#pragma once

#include "../../cpu/vector.h"
#include "head.h"

namespace {

using acm::cpu::lineBytes, acm::cpu::multipleAbove, acm::cpu::Precision, acm::cpu::Rows;
using acm::cpu::attention::Head;

constexpr int64_t lineWords = 16;
constexpr int64_t chainLines = 8;  // lines that are added up one by one

inline int64_t smaller(int64_t a, int64_t b) { return a < b ? a : b; }
inline int64_t larger(int64_t a, int64_t b) { return a > b ? a : b; }
/// How many pieces of a size hold a number of elements.
inline int64_t pieces(int64_t elements, int64_t of) { return (elements + of - 1) / of; }

template <int... lane>
struct Lanes {};
template <int count, int... lane>
struct Count : Count<count - 1, count - 1, lane...> {};
template <int... lane>
struct Count<0, lane...> {
    using Type = Lanes<lane...>;
};
using AllLanes = typename Count<lanes>::Type;

/// Each lane with the one at a distance of a power of two.
template <int distance, int... lane>
inline Floats swapped(Floats x, Lanes<lane...>) {
    return __builtin_shufflevector(x, x, (lane ^ distance)...);
}

template <int distance = lanes / 2>
inline float sumOf(Floats x) {
    if constexpr (distance == 0) return x[0];
    else return sumOf<distance / 2>(x + swapped<distance>(x, AllLanes()));
}

template <int distance, int... lane>
inline void exchange(Ints &a, Ints &b, Lanes<lane...>) {
    Ints first = __builtin_shufflevector(a, b, (lane & distance ? lanes + lane - distance : lane)...);
    b = __builtin_shufflevector(a, b, (lane & distance ? lanes + lane : lane + distance)...);
    a = first;
}

/// Rows become columns.
template <int distance = lanes / 2>
inline void transpose(Ints (&rows)[lanes]) {
    if constexpr (distance > 0) {
#pragma GCC unroll 16
        for (int64_t row = 0; row < lanes; ++row)
            if ((row & distance) == 0) exchange<distance>(rows[row], rows[row + distance], AllLanes());
        transpose<distance / 2>(rows);
    }
}

/// 2 to the power of x from -½ to ½, to 2⁻²³.
inline Floats powerOfFraction(Floats x) {
    Floats y = all(1.3276471e-3f);
    y = y * x + 9.675541e-3f;
    y = y * x + 5.550713e-2f;
    y = y * x + 2.402212e-1f;
    y = y * x + 6.9314694e-1f;
    return y * x + 1.0000001f;
}

#ifdef __AVX512F__
// Without a mask, compilers warn of what these leave undefined.
constexpr __mmask16 every = 0xffff;

inline Floats largerOf(Floats a, Floats b) { return (Floats)_mm512_mask_max_ps((__m512)a, every, (__m512)a, (__m512)b); }

/// 2 to the power of x, which is not above 0. A NaN stays one.
inline Floats powerOfTwo(Floats x) {
    Floats low = largerOf(all(-200), x);  // below, the result is 0
    // Adding 1.5 · 2²³ rounds to a whole number.
    Floats whole = low + 12582912.0f - 12582912.0f;
    Floats y = powerOfFraction(low - whole);
    return (Floats)_mm512_mask_scalef_ps((__m512)y, every, (__m512)y, (__m512)whole);
}
#else
inline Floats largerOf(Floats a, Floats b) { return a > b ? a : b; }

/// 2 to the power of x, which is not above 0; 0 below -125. A NaN stays one.
inline Floats powerOfTwo(Floats x) {
    Floats low = x < -125.0f ? all(-125.0f) : x;
    // Adding 1.5 · 2²³ rounds to a whole number in the low bits.
    Floats shifted = low + 12582912.0f;
    Floats power = (Floats)(((Ints)shifted - 0x4b400000 + 127) << 23);
    Floats y = powerOfFraction(low - (shifted - 12582912.0f)) * power;
    return x < -125.0f ? Floats{} : y;
}
#endif

template <int distance = lanes / 2>
inline float largestOf(Floats x) {
    if constexpr (distance == 0) return x[0];
    else return largestOf<distance / 2>(largerOf(x, swapped<distance>(x, AllLanes())));
}

template <Precision precision>
struct Attention {
    using Type = Word<precision>;
    static constexpr int64_t elementBytes = precision == Precision::float32 ? 4 : 2;
    static constexpr int64_t wordElements = 4 / elementBytes;
    static constexpr int64_t height = Type::rows, stripLineBytes = height * lineBytes;

    const Head &head;
    int64_t words, keyWords, keyVectors, columns;  // words of the width; vectors of the width
    char *keys, *values, *queries, *scores;
    float *bias;
    int64_t bytes;

    Attention(const Head &head, char *room)
        : head(head), words(pieces(head.width, wordElements)), keyWords(pieces(head.keys, wordElements)),
          keyVectors(pieces(head.keys, lanes)), columns(pieces(head.width, lanes)) {
        bytes = 0;
        auto cut = [&](int64_t size) {
            char *piece = room + bytes;
            bytes += multipleAbove(size, lineBytes);
            return piece;
        };
        keys = cut(keyVectors * words * vectorBytes);
        values = cut(columns * keyWords * vectorBytes);
        queries = cut(pieces(words, lineWords) * stripLineBytes);
        scores = cut(pieces(head.keys, lineWords) * stripLineBytes);
        bias = reinterpret_cast<float *>(cut(keyVectors * vectorBytes));
    }

    static const char *row(const Rows &rows, int64_t index) {
        return static_cast<const char *>(rows.data) + index * rows.stride * elementBytes;
    }

    /// The processor's own prefetching does not follow rows that are far apart.
    void prefetch(const Rows &rows, int64_t first, int64_t count, int64_t all) const {
        for (int64_t index = first; index < smaller(first + count, all); ++index)
            for (int64_t byte = 0; byte < head.width * elementBytes; byte += lineBytes)
                __builtin_prefetch(row(rows, index) + byte);
    }

    /// A vector of `bytes` bytes of memory, and zeros after them.
    template <typename Vector>
    static Vector loadBytes(const char *from, int64_t bytes) {
        if (bytes >= static_cast<int64_t>(sizeof(Vector))) return load<Vector>(from);
        Vector some = {};
        if (bytes > 0) __builtin_memcpy(&some, from, static_cast<size_t>(bytes));
        return some;
    }

    /// Where a vector of columns starts in panels of some depth, and how far its words lie apart.
    struct Column {
        char *data;
        int64_t pitch;

        Column(char *panels, int64_t depth, int64_t vector, int64_t vectors) {
            int64_t first = vector / 2 * 2;
            pitch = (first + 1 < vectors ? 2 : 1) * vectorBytes;
            data = panels + (first * depth + vector % 2) * vectorBytes;
        }
    };

    static char *place(char *strip, int64_t row, int64_t word) {
        return strip + word / lineWords * stripLineBytes + row * lineBytes + word % lineWords * 4;
    }

    void packKeys() const {
        for (int64_t vector = 0; vector < keyVectors; ++vector) {
            Column column(keys, words, vector, keyVectors);
            prefetch(head.key, (vector + 2) * lanes, lanes, head.keys);
            prefetch(head.value, vector * lanes, lanes, head.keys);
            for (int64_t word = 0; word < words; word += lanes) {
                Ints block[lanes];
                for (int64_t lane = 0; lane < lanes; ++lane) {
                    int64_t key = vector * lanes + lane;
                    block[lane] = key < head.keys ? loadBytes<Ints>(row(head.key, key) + word * 4,
                                                                    head.width * elementBytes - word * 4)
                                                  : Ints{};
                }
                transpose(block);
                int64_t count = smaller(lanes, words - word);
                for (int64_t lane = 0; lane < count; ++lane)
                    store(column.data + (word + lane) * column.pitch, block[lane]);
            }
        }
    }

    void packValues() const {
        for (int64_t vector = 0; vector < columns; ++vector) {
            Column column(values, keyWords, vector, columns);
            int64_t at = vector * lanes * elementBytes, left = head.width * elementBytes - at;
            for (int64_t word = 0; word < keyWords; ++word) {
                char *to = column.data + word * column.pitch;
                if constexpr (precision == Precision::float32) {
                    store(to, loadBytes<Floats>(row(head.value, word) + at, left));
                } else {
                    int64_t key = 2 * word;
                    Words even = __builtin_convertvector(loadBytes<Halves>(row(head.value, key) + at, left), Words);
                    Words odd = {};
                    if (key + 1 < head.keys)
                        odd = __builtin_convertvector(loadBytes<Halves>(row(head.value, key + 1) + at, left), Words);
                    store(to, even | odd << 16);
                }
            }
        }
    }

    void packBias() const {
        for (int64_t key = 0; key < keyVectors * lanes; ++key)
            bias[key] = key >= head.keys ? -__builtin_inff() : head.bias == nullptr ? 0 : head.bias[key];
    }

    void gather(int64_t first, int64_t count) const {
        int64_t rowBytes = head.width * elementBytes;
        for (int64_t query = 0; query < height; ++query) {
            // Rows after the last repeat it; their results are not used.
            const char *from = row(head.query, first + smaller(query, count - 1));
            for (int64_t word = 0; word < words; word += lanes)
                store(place(queries, query, word), loadBytes<Ints>(from + word * 4, rowBytes - word * 4));
        }
    }

    /// The products of some rows of a strip and some vectors of a panel; `use(row, vector, sums)` takes them.
    template <int rows, int vectors, typename Use>
    __attribute__((noinline)) static void multiply(const char *strip, const char *panel, int64_t depth, Use use) {
        typename Type::Sums sums[rows][vectors] = {};
        auto word = [&](int64_t at) __attribute__((always_inline)) {
            auto left = Type::weights(panel), right = Type::weights(panel + (vectors - 1) * vectorBytes);
#pragma GCC unroll 16
            for (int64_t row = 0; row < rows; ++row) {
                auto token = Type::token(strip + row * lineBytes + at * 4);
                Type::add(sums[row][0], token, left);
                if constexpr (vectors == 2) Type::add(sums[row][1], token, right);
            }
            panel += vectors * vectorBytes;
        };
        for (; depth >= lineWords; depth -= lineWords, strip += stripLineBytes) {
#pragma GCC unroll 4
            for (int64_t at = 0; at < lineWords; ++at) word(at);
        }
        for (int64_t at = 0; at < depth; ++at) word(at);
        for (int64_t row = 0; row < rows; ++row)
            for (int64_t vector = 0; vector < vectors; ++vector) use(row, vector, sums[row][vector]);
    }

    /// Sums of sums: one long chain of float32 additions would lose more bits.
    template <int rows, int vectors, typename Use>
    static void multiplyLong(const char *strip, const char *panel, int64_t depth, Use use) {
        constexpr int64_t chain = chainLines * lineWords;
        if (precision != Precision::float32 || depth <= chain)
            return multiply<rows, vectors>(strip, panel, depth, use);
        Floats totals[rows][vectors] = {};
        for (; depth > 0; depth -= chain) {
            multiply<rows, vectors>(strip, panel, smaller(depth, chain), [&](int64_t row, int64_t vector, Floats sums) {
                totals[row][vector] += sums;
            });
            strip += chainLines * stripLineBytes;
            panel += chain * vectors * vectorBytes;
        }
        for (int64_t row = 0; row < rows; ++row)
            for (int64_t vector = 0; vector < vectors; ++vector) use(row, vector, totals[row][vector]);
    }

    /// The products of a strip's first `rows` rows, or a few more, and all panels.
    template <typename Use>
    static void multiplyAll(const char *strip, int64_t rows, const char *panels, int64_t depth, int64_t vectors,
                            Use use) {
        constexpr int64_t few = 4;
        for (int64_t vector = 0; vector < vectors; vector += 2) {
            const char *panel = panels + vector * depth * vectorBytes;
            bool two = vector + 1 < vectors;
            auto part = [&](int64_t first) {
                return [=](int64_t row, int64_t half, Floats sums) __attribute__((always_inline)) {
                    use(first + row, vector + half, sums);
                };
            };
            if (rows > height - few) {
                if (two) multiplyLong<height, 2>(strip, panel, depth, part(0));
                else multiplyLong<height, 1>(strip, panel, depth, part(0));
                continue;
            }
            for (int64_t first = 0; first < rows; first += few) {
                const char *from = strip + first * lineBytes;
                if (two) multiplyLong<few, 2>(from, panel, depth, part(first));
                else multiplyLong<few, 1>(from, panel, depth, part(first));
            }
        }
    }

    /// The scores of the first `count` rows become weights in place; `shares` is one over their sums.
    void weigh(int64_t count, float (&shares)[height]) const {
        float most[height];
        for (int64_t row = 0; row < count; ++row) {
            Floats highest = all(-__builtin_inff());
            for (int64_t vector = 0; vector < keyVectors; ++vector)
                highest = largerOf(load<Floats>(place(scores, row, vector * lanes)), highest);
            most[row] = largestOf(highest);
            if (most[row] == -__builtin_inff()) most[row] = 0;  // all are hidden: zeros
        }
        for (int64_t row = 0; row < count; ++row) {
            Floats sums = {};
            for (int64_t vector = 0; vector < keyVectors; ++vector) {
                Floats x = powerOfTwo(load<Floats>(place(scores, row, vector * lanes)) - most[row]);
                sums += x;
                if constexpr (precision == Precision::float32) store(place(scores, row, vector * lanes), x);
                else store(place(scores, row, vector * lanes / 2), toBfloat16(x));
            }
            float sum = sumOf(sums);
            shares[row] = sum == 0 ? 0 : 1 / sum;
        }
    }

    void run() const {
        packKeys();
        packValues();
        packBias();
        for (int64_t first = 0; first < head.queries; first += height) {
            int64_t count = smaller(height, head.queries - first);
            gather(first, count);
            prefetch(head.query, first + height, height, head.queries);
            prefetch(head.output, first, height, head.queries);
            multiplyAll(queries, count, keys, words, keyVectors, [&](int64_t row, int64_t vector, Floats sums) {
                store(place(scores, row, vector * lanes), sums * head.scale + load<Floats>(bias + vector * lanes));
            });
            float shares[height];
            weigh(count, shares);
            multiplyAll(scores, count, values, keyWords, columns, [&](int64_t row, int64_t vector, Floats sums) {
                if (row < count)
                    storeRow(head.output, first + row, vector * lanes, head.width - vector * lanes,
                             sums * shares[row]);
            });
        }
    }
};

template <Precision precision>
int64_t room(int64_t keys, int64_t width) {
    Head head = {};
    head.keys = keys;
    head.width = width;
    return Attention<precision>(head, nullptr).bytes;
}

template <Precision precision>
void run(const Head &head, char *room) {
    Attention<precision>(head, room).run();
}

template <Precision precision>
constexpr acm::cpu::attention::Kernels kernels() {
    return {room<precision>, run<precision>};
}

}  // namespace
