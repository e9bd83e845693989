"""Our operators as a Python program calls them: python Native/tests/library.py path/to/libacm.so"""

import io
import sys

import torch
from torch.nn.functional import gelu, linear


def network(channels, hidden, dtype):
    torch.manual_seed(1)
    w1 = torch.randn(hidden, channels) / channels**0.5
    w2 = torch.randn(channels, hidden) / hidden**0.5
    return [tensor.to(dtype) for tensor in (w1, torch.randn(hidden) / 10, w2, torch.randn(channels) / 2)]


def exact(input, choice, w1, b1, w2, bias, learners):
    """The formula in float64, with the hidden channels of learners that do not run set to zero."""
    input, w1, b1, w2, bias = (tensor.double() for tensor in (input, w1, b1, w2, bias))
    learner = torch.arange(len(w1)) // (len(w1) // learners)
    hidden = gelu(linear(input, w1, b1)) * (learner < choice[..., None])
    return linear(hidden, w2, bias)


def check(name, found, expected, tolerance):
    error = (found.double() - expected).abs().max().item()
    assert error <= tolerance, f"{name}: error {error} exceeds {tolerance}"
    print(f"passed {name}: error {error:.1e}")


def main(library):
    torch.ops.load_library(library)
    acm = torch.ops.acm
    cases = [("float32", torch.float32, 1e-5), ("bfloat16", torch.bfloat16, 0.05), ("int8", torch.float32, 0.1)]
    for precision, dtype, tolerance in cases:
        weights = network(64, 256, dtype)
        input = torch.randn(3, 50, 64).to(dtype)
        residual = torch.randn(3, 50, 64).to(dtype)
        choice = torch.randint(0, 5, (3, 50))
        expected = exact(input, choice, *weights, 4)

        if precision != "int8":
            check(f"gated_mlp {precision}", acm.gated_mlp(input, choice, *weights, 4, "gelu"), expected, tolerance)
        packed = acm.gated_mlp_pack(*weights, 4, "gelu", precision)
        found = acm.gated_mlp_packed(input, choice, packed)
        check(f"gated_mlp_packed {precision}", found, expected, tolerance)
        found = acm.gated_mlp_packed(input, choice, packed, residual)
        check(f"gated_mlp_packed {precision} with a residual", found, expected + residual, tolerance)

        file = io.BytesIO()
        torch.save(packed, file)
        file.seek(0)
        assert torch.equal(acm.gated_mlp_packed(input, choice, torch.load(file), residual), found)

        w1, b1, _, _ = weights
        expected = gelu(linear(input.double(), w1.double(), b1.double()))
        found = acm.linear_packed(input, acm.linear_pack(w1, b1, precision), "gelu")
        check(f"linear_packed {precision}", found, expected, tolerance)

    gate = [torch.randn(16, 64) / 8, torch.randn(16) / 2, torch.randn(16, 16) / 4, torch.randn(16) / 2,
            torch.randn(5, 16) / 2, torch.randn(5) / 2]
    w1, b1, w2, b2, w3, b3 = gate
    input, offsets = torch.randn(3, 50, 64), [0.0, 0.1, 0.3, 0.1, 0.0]
    logits = linear(gelu(linear(gelu(linear(input, w1, b1)), w2, b2)), w3, b3)
    assert torch.equal(acm.gate_choice(input, *gate), logits.argmax(-1))
    found = acm.gate_choice(input, *gate, offsets, minimum=1)
    assert torch.equal(found, (logits + torch.tensor(offsets)).argmax(-1) + 1)
    print("passed gate_choice")


if __name__ == "__main__":
    main(*sys.argv[1:])
