#include "threads.h"

#include <ATen/Parallel.h>
#include <ATen/TensorIterator.h>
#include <ATen/ops/empty.h>

#include <algorithm>
#include <atomic>

#include "rows.h"

namespace acm::cpu {

namespace {

/// Runs `body()` on every thread of libtorch's pool, through code of libtorch's: at::parallel_for
/// is inline and would need its threading library at compile time.
void onEveryThread(int64_t threads, c10::function_ref<void()> body) {
    if (threads <= 1) return body();
    at::Tensor slots = at::empty({threads}, at::kByte);
    auto iterator = at::TensorIterator::nullary_op(slots);
    iterator.for_each(
        [&](char **, const int64_t *, int64_t columns, int64_t rows) {
            for (int64_t index = 0; index < columns * rows; ++index) body();
        },
        /*grain_size=*/1);
}

}  // namespace

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

}  // namespace acm::cpu
