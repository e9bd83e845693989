// The tiles of the Hopper kernels.
#pragma once

namespace acm::gated_mlp::cuda {

/// How the Hopper kernels cut a product into tiles: columns of a tile (64, 128, 192 or 256), blocks
/// that share its weights (1 or 2), and groups of blocks that split its depth (1, 2 or 4; more than 1
/// only in the second product). Not every combination is compiled: see sm90_kernels.cuh.
struct Tiling {
    int columns, sharing, splits;
};
struct Tilings {
    Tiling first, second;
};

}  // namespace acm::gated_mlp::cuda
