// What both sorts share.
#pragma once

#include "launch.h"

namespace acm::gated_mlp::cuda {

/// The most tokens that one launch sorts.
constexpr int64_t directTokens = 65536;
/// The sort of so many tokens on Hopper.
void sortByCluster(const Call &call, const Order &order);

namespace sorting {

constexpr int threads = 1024, warps = threads / 32;
constexpr int choices = maximumLearners + 1;

template <typename Integer>
__device__ __forceinline__ int choiceOf(const Integer *choice, int token, int learners) {
    Integer value = choice[token];
    return value < 0 ? 0 : value > learners ? learners : static_cast<int>(value);
}

}  // namespace sorting

}  // namespace acm::gated_mlp::cuda
