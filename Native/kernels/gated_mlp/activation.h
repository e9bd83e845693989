// The activations of acm::gated_mlp. No libtorch here: device code includes this.
#pragma once

namespace acm::gated_mlp {

enum class Activation { identity, relu, silu, gelu, geluTanh };

}  // namespace acm::gated_mlp
