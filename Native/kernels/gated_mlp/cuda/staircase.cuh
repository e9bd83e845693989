// Which tiles the sorted tokens need. Rows are tokens in descending order of choice; atLeast[n]
// is how many rows run at least n learners (atLeast[0]: all rows).
#pragma once

namespace acm::gated_mlp::cuda {

__device__ __forceinline__ int ceilDivide(int a, int b) { return (a + b - 1) / b; }

/// The choice of a sorted row; 0 past the last row.
__device__ __forceinline__ int choiceAt(const int *atLeast, int learners, int row) {
    int choice = 0;
    for (int n = 1; n <= learners; ++n) choice += row < atLeast[n];
    return choice;
}

/// The same for a row that all lanes of a warp ask for together.
__device__ __forceinline__ int choiceInWarp(const int *atLeast, int learners, int row) {
    int choice = 0;
    for (int base = 1; base <= learners; base += 32) {
        int n = base + threadIdx.x % 32;
        choice += __popc(__ballot_sync(~0u, n <= learners && row < atLeast[min(n, learners)]));
    }
    return choice;
}

struct Tile {
    int unit, column;  // block of rows, block of columns
};

/// One run of tiles of the first product: those of the units of rows that run n learners.
struct Run {
    int end;      // the tiles of this run and of the deeper ones
    int deeper;   // units of the deeper runs
    int columns;  // tiles across a unit
};

/// Fills runs[1 ... learners] by threads 1 ... learners. Tiles are in descending order of n, all
/// column blocks of a unit after each other. `granule` rows, a power of two and a multiple of a
/// unit, run as many learners as the first of them.
template <int unitRows, int tileColumns>
__device__ __forceinline__ void findRuns(Run *runs, const int *atLeast, int learners,
                                         int learnerWidth, int granule) {
    int own = threadIdx.x;
    if (own < 1 || own > learners) return;
    int all = ceilDivide(atLeast[0], unitRows);
    auto units = [&](int n) {  // that run at least n learners
        return min(((atLeast[n] + granule - 1) & -granule) / unitRows, all);
    };
    Run run{0, 0, 0};
    for (int n = learners; n >= own; --n) {
        run.deeper = n == learners ? 0 : units(n + 1);
        run.columns = ceilDivide(n * learnerWidth, tileColumns);
        run.end += (units(n) - run.deeper) * run.columns;
    }
    runs[own] = run;
}

}  // namespace acm::gated_mlp::cuda
