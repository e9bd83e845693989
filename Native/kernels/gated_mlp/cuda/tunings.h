// The file of tiles that were measured to be the fastest. No CUDA in it.
#pragma once

#include <cstdint>
#include <istream>
#include <string>
#include <vector>

#include "tiling.h"

namespace acm::gated_mlp::cuda {

/// Tiles measured for one layer on one GPU with this number of tokens.
struct Tuning {
    struct Layer {
        std::string gpu, type;  // as CUDA names the GPU; bfloat16 or float16
        int64_t channels, hidden, outputs, learners;

        bool operator==(const Layer &) const = default;
    };
    Layer layer;
    int64_t tokens;
    Tilings tilings;
};

/// The file in its format of ../README.md. Throws std::runtime_error, which names the line and what it lacks.
std::vector<Tuning> parseTunings(std::istream &file);

/// That of the layer whose number of tokens is nearest to this one, and at most a quarter more or less than
/// it; null if there is none.
const Tuning *nearest(const std::vector<Tuning> &tunings, const Tuning::Layer &layer, int64_t tokens);

/// The file that ACM_TILINGS names (empty: none), else acm/gated_mlp_tilings.tsv in XDG_CACHE_HOME or ~/.cache.
/// Arguments: the variables ACM_TILINGS, XDG_CACHE_HOME and HOME, or null. Empty where there is no place.
std::string tuningsPath(const char *named, const char *cache, const char *home);

}  // namespace acm::gated_mlp::cuda
