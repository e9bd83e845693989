#include <ATen/Parallel.h>
#include <ATen/ops/empty.h>

#include <algorithm>
#include <numeric>
#include <vector>

#include "../../cpu/threads.h"
#include "packed.h"

namespace acm::cpu {

namespace {

/// Rows of a tile: its input, sums and a block of its hidden channels share a core's cache.
constexpr int64_t gatedLowest = 48, gatedHighest = 96;
/// Of a linear layer's tile, and bytes of its input.
constexpr int64_t linearLowest = 36, linearHighest = 96, linearBytes = 420 << 10;

/// Cuts memory into pieces; without memory it only counts.
struct Cutter {
    char *start = nullptr;
    int64_t used = 0;

    char *cut(int64_t bytes) {
        char *piece = start + used;
        used += multipleAbove(bytes, lineBytes);
        return piece;
    }
    Strips strips(int64_t rows, int64_t lines) {
        int64_t padded = multipleAbove(rows, stripRows);
        char *data = cut(padded * lines * lineBytes);
        auto scales = reinterpret_cast<float *>(cut(padded * 8));
        return {data, scales, scales + padded};
    }
    float *floats(int64_t count) { return reinterpret_cast<float *>(cut(count * 4)); }
};

/// The memory that a tile of a gated layer needs: its input, some blocks of hidden channels, its sums.
struct Room {
    Strips input;
    std::vector<Strips> hidden;
    std::vector<float *> wide;
    float *sums;

    Room(Cutter &cutter, const Plan &plan, int64_t rows, int64_t blocks)
        : input(cutter.strips(rows, plan.inputLines)) {
        for (int64_t block = 0; block < blocks; ++block) {
            hidden.push_back(cutter.strips(rows, plan.blockLines));
            wide.push_back(cutter.floats(plan.precision == Precision::int8 ? rows * plan.blockWidth : 0));
        }
        sums = cutter.floats(multipleAbove(rows, stripRows) * plan.outputsPadded());
    }
    static int64_t bytes(const Plan &plan, int64_t rows, int64_t blocks) {
        Cutter counter;
        Room(counter, plan, rows, blocks);
        return counter.used;
    }
};

Rows rows(const at::Tensor &tensor) {
    return {tensor.const_data_ptr(), tensor.stride(0), tensor.scalar_type() == at::kBFloat16};
}

/// Tokens from the one with the most learners to the one with the least, and how many run each.
struct Order {
    std::vector<int64_t> tokens;
    std::vector<int64_t> running;  // [learners]: the tokens that run learner n are the first running[n]

    Order(const at::Tensor &choice, int64_t learners) {
        const int64_t *k = choice.const_data_ptr<int64_t>();
        int64_t count = choice.numel();
        std::vector<int64_t> places(static_cast<size_t>(learners) + 1);
        for (int64_t token = 0; token < count; ++token) {
            TORCH_CHECK(k[token] >= 0 && k[token] <= learners, "acm::gated_mlp_packed: choice must lie in 0...",
                        learners, ", found ", k[token]);
            ++places[static_cast<size_t>(k[token])];
        }
        int64_t before = 0;
        for (int64_t value = learners; value >= 0; --value)
            before += std::exchange(places[static_cast<size_t>(value)], before);
        for (int64_t learner = 0; learner < learners; ++learner)
            running.push_back(places[static_cast<size_t>(learner)]);
        tokens.resize(static_cast<size_t>(count));
        for (int64_t token = 0; token < count; ++token)
            tokens[static_cast<size_t>(places[static_cast<size_t>(k[token])]++)] = token;
    }
};

/// A call cut into tiles of `height` rows.
struct Tiles {
    Tile whole;
    int64_t height, count;

    Tiles(const Call &call, const at::Tensor &output, const int64_t *order, int64_t lowest,
          int64_t highest, int64_t activation) {
        whole = {&call.plan, call.packed, rows(call.input),
                 call.residual ? rows(*call.residual) : Rows{}, rows(output), order,
                 call.input.size(0), activation};
        int64_t threads = at::get_num_threads();
        // About 16 tiles a thread, so that the threads finish together, but not so low that the
        // weights would be read too often.
        height = std::clamp(multipleAbove(whole.rows / (16 * threads) + 1, stripRows), lowest, highest);
        height = std::min(height, multipleAbove((whole.rows + threads - 1) / threads, stripRows));
        if (whole.rows <= highest) height = whole.rows;  // one tile, whose panels are shared out
        count = (whole.rows + height - 1) / height;
    }
    int64_t first(int64_t index) const { return index * height; }
    Tile operator[](int64_t index) const {
        Tile tile = whole;
        tile.order += first(index);
        tile.rows = std::min(height, whole.rows - first(index));
        return tile;
    }
};

/// `count` numbers in about `parts` ranges.
struct Ranges {
    int64_t count, length;

    Ranges(int64_t count, int64_t parts)
        : count(count), length(std::max<int64_t>(1, (count + parts - 1) / parts)) {}
    int64_t ranges() const { return (count + length - 1) / length; }
    int64_t first(int64_t index) const { return index * length; }
    int64_t end(int64_t index) const { return std::min(count, first(index) + length); }
};

/// One tile on one thread.
void whole(const Kernels &kernels, const Tile &tile, const std::vector<int64_t> &running, Room &room) {
    const Plan &plan = *tile.plan;
    int64_t panels = plan.outputPanels, stride = plan.outputsPadded();
    kernels.start(tile, 0, panels, room.sums, stride);
    for (int64_t learner = 0; learner < plan.learners; ++learner) {
        int64_t rows = running[static_cast<size_t>(learner)];
        if (rows == 0) break;
        if (learner == 0) kernels.gather(tile, room.input);
        for (int64_t block = 0; block < plan.blocks; ++block) {
            kernels.hidden(tile, room.input, learner, block, rows, 0, plan.blockPanels, room.hidden[0],
                           room.wide[0]);
            kernels.narrow(tile, rows, room.wide[0], room.hidden[0]);
            kernels.output(tile, room.hidden[0], learner, block, rows, 0, panels, room.sums, stride);
        }
    }
    kernels.finish(tile, 0, panels, room.sums, stride);
}

/// One tile on all threads: they share the hidden channels first, then the outputs. Every sum has the
/// same order as on one thread.
void spread(const Kernels &kernels, const Tile &tile, const std::vector<int64_t> &running, Room &room) {
    const Plan &plan = *tile.plan;
    int64_t threads = at::get_num_threads(), stride = plan.outputsPadded();
    int64_t learners = 0;
    while (learners < plan.learners && running[static_cast<size_t>(learners)] > 0) ++learners;
    int64_t blocks = learners * plan.blocks;
    auto rows = [&](int64_t index) { return running[static_cast<size_t>(index / plan.blocks)]; };
    if (learners > 0) kernels.gather(tile, room.input);
    Ranges hidden(plan.blockPanels, threads), outputs(plan.outputPanels, threads);
    share(blocks * hidden.ranges(), 0, [&](char *, int64_t item) {
        int64_t index = item / hidden.ranges(), range = item % hidden.ranges();
        auto at = static_cast<size_t>(index);
        kernels.hidden(tile, room.input, index / plan.blocks, index % plan.blocks, rows(index),
                       hidden.first(range), hidden.end(range), room.hidden[at], room.wide[at]);
    });
    if (plan.precision == Precision::int8)
        share(blocks, 0, [&](char *, int64_t index) {
            auto at = static_cast<size_t>(index);
            kernels.narrow(tile, rows(index), room.wide[at], room.hidden[at]);
        });
    share(outputs.ranges(), 0, [&](char *, int64_t range) {
        int64_t first = outputs.first(range), end = outputs.end(range);
        float *sums = room.sums + first * panelWidth;
        kernels.start(tile, first, end, sums, stride);
        for (int64_t index = 0; index < blocks; ++index)
            kernels.output(tile, room.hidden[static_cast<size_t>(index)], index / plan.blocks,
                           index % plan.blocks, rows(index), first, end, sums, stride);
        kernels.finish(tile, first, end, sums, stride);
    });
}

}  // namespace

at::Tensor gated(const Call &call, const at::Tensor &choice) {
    const Plan &plan = call.plan;
    const Kernels &kernels = cpu::kernels(plan.precision);
    at::Tensor output = at::empty({call.input.size(0), plan.outputs}, call.input.options());
    Order order(choice, plan.learners);
    if (output.numel() == 0) return output;
    Tiles tiles(call, output, order.tokens.data(), gatedLowest, gatedHighest, plan.activation);
    bool spreads = tiles.count == 1;
    int64_t blocks = spreads ? plan.learners * plan.blocks : 1;
    share(tiles.count, Room::bytes(plan, tiles.height, blocks), [&](char *memory, int64_t index) {
        Cutter cutter{memory};
        Room room(cutter, plan, tiles.height, blocks);
        Tile tile = tiles[index];
        std::vector<int64_t> running;  // of the tile
        for (int64_t count : order.running)
            running.push_back(std::clamp<int64_t>(count - tiles.first(index), 0, tile.rows));
        (spreads ? spread : whole)(kernels, tile, running, room);
    });
    return output;
}

at::Tensor linear(const Call &call, gated_mlp::Activation activation) {
    const Plan &plan = call.plan;
    const Kernels &kernels = cpu::kernels(plan.precision);
    at::Tensor output = at::empty({call.input.size(0), plan.outputs}, call.input.options());
    if (output.numel() == 0) return output;
    std::vector<int64_t> order(static_cast<size_t>(call.input.size(0)));
    std::iota(order.begin(), order.end(), 0);
    int64_t fitting = linearBytes / std::max<int64_t>(1, plan.inputLines * lineBytes) / stripRows * stripRows;
    int64_t height = std::clamp(fitting, linearLowest, linearHighest);
    Tiles tiles(call, output, order.data(), height, height, static_cast<int64_t>(activation));
    Ranges panels(plan.outputPanels, tiles.count == 1 ? at::get_num_threads() : 1);
    Cutter counter;
    counter.strips(tiles.height, plan.inputLines);
    share(tiles.count * panels.ranges(), counter.used, [&](char *memory, int64_t item) {
        Tile tile = tiles[item / panels.ranges()];
        int64_t range = item % panels.ranges();
        Strips input = Cutter{memory}.strips(tiles.height, plan.inputLines);
        kernels.gather(tile, input);
        kernels.linear(tile, input, panels.first(range), panels.end(range));
    });
    return output;
}

}  // namespace acm::cpu
