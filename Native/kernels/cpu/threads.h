#pragma once

#include <c10/util/FunctionRef.h>

#include <cstdint>

namespace acm::cpu {

/// Hands the numbers from 0 to `count` to the threads one by one: the first are the longest.
/// `body(room, index)` has a room of `bytes` bytes for itself.
void share(int64_t count, int64_t bytes, c10::function_ref<void(char *, int64_t)> body);

}  // namespace acm::cpu
