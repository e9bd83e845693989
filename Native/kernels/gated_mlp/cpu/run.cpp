#include <ATen/Parallel.h>
#include <ATen/TensorIterator.h>
#include <ATen/ops/empty.h>

#include <algorithm>
#include <atomic>
#include <vector>

#include "packed.h"

namespace acm::cpu {

namespace {

/// Rows of a tile at most: its input, sums and a block of its hidden channels share a core's cache.
constexpr int64_t gatedRows[] = {48, 60, 96}, linearRows[] = {48, 96, 96};

/// Runs `body()` on every thread of libtorch's pool, through code of libtorch's: at::parallel_for
/// is inline and would need its threading library at compile time.
void onEveryThread(int64_t threads, c10::function_ref<void()> body) {
    if (threads <= 1) return body();
    at::Tensor slots = at::empty({threads}, at::kByte);
    auto iterator = at::TensorIterator::nullary_op(slots);
    iterator.for_each(
        [&](char **, const int64_t *, int64_t count) {
            for (int64_t index = 0; index < count; ++index) body();
        },
        /*grain_size=*/1);
}

/// Hands the numbers from 0 to `count` to the threads one by one: the first are the longest.
/// `body(room, index)` has a room of `bytes` bytes for itself.
void share(int64_t count, int64_t bytes, c10::function_ref<void(char *, int64_t)> body) {
    if (count == 0) return;
    int64_t threads = std::min<int64_t>(at::get_num_threads(), count);
    bytes = multipleAbove(bytes, lineBytes);
    at::Tensor rooms = at::empty({threads * bytes + lineBytes}, at::kByte);
    auto start = reinterpret_cast<char *>(
        multipleAbove(reinterpret_cast<intptr_t>(rooms.mutable_data_ptr<uint8_t>()), lineBytes));
    std::atomic<int64_t> next{0}, room{0};
    onEveryThread(threads, [&] {
        char *mine = start + room++ * bytes;
        for (int64_t index = next++; index < count; index = next++) body(mine, index);
    });
}

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

/// The memory that a tile needs while it is computed.
struct Room {
    Strips input, hidden;
    float *wide, *sums;

    Room(Cutter cutter, const Plan &plan, int64_t rows, int64_t sumsWidth) : Room(cutter, plan, rows, sumsWidth, 0) {}
    static int64_t bytes(const Plan &plan, int64_t rows, int64_t sumsWidth) {
        Cutter counter;
        Room(counter, plan, rows, sumsWidth, 0);
        return counter.used;
    }

private:
    Room(Cutter &cutter, const Plan &plan, int64_t rows, int64_t sumsWidth, int)
        : input(cutter.strips(rows, plan.inputLines)),
          hidden(cutter.strips(rows, plan.blockLines)),
          wide(cutter.floats(plan.precision == Precision::int8 ? rows * plan.blockWidth : 0)),
          sums(cutter.floats(multipleAbove(rows, stripRows) * sumsWidth)) {}
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

    Tiles(const Call &call, const at::Tensor &output, const int64_t *order, int64_t highest,
          int64_t activation) {
        whole = {&call.plan, call.packed, rows(call.input),
                 call.residual ? rows(*call.residual) : Rows{}, rows(output), order,
                 call.input.size(0), activation};
        int64_t threads = at::get_num_threads();
        height = std::min(highest, multipleAbove((whole.rows + threads - 1) / threads, stripRows));
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

}  // namespace

at::Tensor gated(const Call &call, const at::Tensor &choice) {
    const Plan &plan = call.plan;
    const Kernels &kernels = cpu::kernels(plan.precision);
    at::Tensor output = at::empty({call.input.size(0), plan.outputs}, call.input.options());
    Order order(choice, plan.learners);
    if (output.numel() == 0) return output;
    Tiles tiles(call, output, order.tokens.data(), gatedRows[static_cast<int64_t>(plan.precision)],
                plan.activation);
    int64_t width = plan.outputsPadded();
    share(tiles.count, Room::bytes(plan, tiles.height, width), [&](char *memory, int64_t index) {
        Tile tile = tiles[index];
        Room room({memory}, plan, tiles.height, width);
        kernels.start(tile, 0, plan.outputPanels, room.sums, width);
        for (int64_t learner = 0; learner < plan.learners; ++learner) {
            int64_t running = std::min(
                order.running[static_cast<size_t>(learner)] - tiles.first(index), tile.rows);
            if (running <= 0) break;
            if (learner == 0) kernels.gather(tile, room.input);
            for (int64_t block = 0; block < plan.blocks; ++block) {
                kernels.hidden(tile, room.input, learner, block, running, room.hidden, room.wide);
                kernels.output(tile, room.hidden, learner, block, running, 0, plan.outputPanels,
                               room.sums, width);
            }
        }
        kernels.finish(tile, 0, plan.outputPanels, room.sums, width);
    });
    return output;
}

at::Tensor linear(const Call &call, gated_mlp::Activation activation) {
    const Plan &plan = call.plan;
    const Kernels &kernels = cpu::kernels(plan.precision);
    at::Tensor output = at::empty({call.input.size(0), plan.outputs}, call.input.options());
    if (output.numel() == 0) return output;
    std::vector<int64_t> order(static_cast<size_t>(call.input.size(0)));
    for (size_t token = 0; token < order.size(); ++token) order[token] = static_cast<int64_t>(token);
    Tiles tiles(call, output, order.data(), linearRows[static_cast<int64_t>(plan.precision)],
                static_cast<int64_t>(activation));
    share(tiles.count, Room::bytes(plan, tiles.height, 0), [&](char *memory, int64_t index) {
        Tile tile = tiles[index];
        Room room({memory}, plan, tiles.height, 0);
        kernels.gather(tile, room.input);
        kernels.linear(tile, room.input, 0, plan.outputPanels);
    });
    return output;
}

}  // namespace acm::cpu
