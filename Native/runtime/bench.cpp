// Nanoseconds of one operator call in C++ on tensors so small that the call is all there is: what
// Benchmarks/OperatorOverhead does from Swift. Prints the smallest of many rounds.

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <c10/core/GradMode.h>

#include <algorithm>
#include <chrono>
#include <cstdio>

namespace {

constexpr int calls = 20'000, rounds = 25;

template <typename Call>
void report(const char *name, Call &&call) {
    double best = 1e18;
    for (int round = 0; round < rounds; ++round) {
        auto start = std::chrono::steady_clock::now();
        for (int index = 0; index < calls; ++index) call();
        std::chrono::duration<double, std::nano> taken = std::chrono::steady_clock::now() - start;
        best = std::min(best, taken.count() / calls);
    }
    std::printf("%s %.0f\n", name, best);
}

}  // namespace

int main() {
    at::set_num_threads(1);
    c10::NoGradGuard guard;
    at::Tensor x = at::ones({4}), rows = at::ones({2, 4});
    report("add", [&] { return at::add(x, x); });
    report("sum", [&] { return at::sum(rows, {0}); });
}
