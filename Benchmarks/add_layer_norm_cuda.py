#!/usr/bin/env python3
"""Times what comes before a feed-forward on a GPU, one by one and as one: scale, addition, LayerNorm and the gate.

    scripts/build-native --cuda --output .build/native-cuda
    python3 Benchmarks/add_layer_norm_cuda.py [--library .build/native-cuda/libacm.so] [--tokens 25216 1576 197]
        [--channels 768] [--dtype bfloat16] [--rounds 40] [--output Benchmarks/results/NAME.json]

Every method is checked before it is timed: sums to the bit, norms against float64, choices against those of
`acm::gate_choice` for the same norm. Each is then timed as a CUDA graph of several calls whose inputs rotate through
256 MiB, at most 32 of them. Methods take turns; the medians of the rounds count. MB is what a method must read and write,
once each; GB/s is that over the time, which may exceed the memory's where the L2 cache holds what another kernel wrote.
"""

import argparse
import pathlib
import statistics
import sys
import typing

import torch
import torch.nn.functional as F

import results

DEVICE = "cuda"
EPSILON = 1e-12
Method = typing.Callable[[torch.Tensor, torch.Tensor], typing.Any]


class Half:
    """The half of a block behind its attention, up to the feed-forward's input."""

    def __init__(self, tokens: int, channels: int, dtype: torch.dtype):
        generator = torch.Generator(DEVICE).manual_seed(1)

        def draw(*shape: int, scale: float, mean: float = 0) -> torch.Tensor:
            return (torch.randn(shape, generator=generator, device=DEVICE) * scale + mean).to(dtype)

        self.tokens, self.channels, self.bytes = tokens, channels, tokens * channels * dtype.itemsize
        count = max(2, min(32, (256 << 20) // (2 * self.bytes) + 1))
        self.inputs = [(draw(tokens, channels, scale=1), draw(tokens, channels, scale=1)) for _ in range(count)]
        self.weight, self.bias = draw(channels, scale=0.3, mean=1), draw(channels, scale=0.3)
        self.scale = draw(channels, scale=0.3)
        self.gate = [draw(16, channels, scale=2 * channels ** -0.5), draw(16, scale=0.1), draw(16, 16, scale=0.5),
                     draw(16, scale=0.1), draw(5, 16, scale=0.5), draw(5, scale=0.1)]
        self.offsets = [0.1 * n for n in range(5)]

    def norm(self, x: torch.Tensor) -> torch.Tensor:
        return F.layer_norm(x, (self.channels,), self.weight, self.bias, EPSILON)

    def choice(self, normed: torch.Tensor) -> torch.Tensor:
        return torch.ops.acm.gate_choice(normed, *self.gate, self.offsets)

    def methods(self) -> dict[str, tuple[Method, int]]:
        """For each name what it runs, and how many times it moves all tokens."""
        def one_by_one(x, residual):
            total = residual + x
            return total, self.norm(total)

        def one_by_one_and_gate(x, residual):
            total, normed = one_by_one(x, residual)
            return total, normed, self.choice(normed)

        def scaled_one_by_one(x, residual):
            return one_by_one(x * self.scale, residual)

        own = (self.weight, self.bias, EPSILON)
        return {
            "add": (lambda x, residual: residual + x, 3),
            "layer_norm": (lambda x, residual: self.norm(x), 2),
            "gate_choice": (lambda x, residual: self.choice(x), 1),
            "add, layer_norm": (one_by_one, 5),
            "add_layer_norm": (lambda x, residual: torch.ops.acm.add_layer_norm(x, residual, *own), 4),
            "scale, add, layer_norm": (scaled_one_by_one, 7),
            "add_layer_norm, scaled": (lambda x, residual: torch.ops.acm.add_layer_norm(
                x, residual, *own, self.scale), 4),
            "add, layer_norm, gate_choice": (one_by_one_and_gate, 6),
            "add_layer_norm, gate_choice": (lambda x, residual: self.choice(
                torch.ops.acm.add_layer_norm(x, residual, *own)[1]), 5),
            "add_layer_norm_choose": (lambda x, residual: torch.ops.acm.add_layer_norm_choose(
                x, residual, *own, *self.gate, self.offsets), 4),
            "add_layer_norm_choose, scaled": (lambda x, residual: torch.ops.acm.add_layer_norm_choose(
                x, residual, *own, *self.gate, self.offsets, scale=self.scale), 4),
        }

    def check(self, name: str, method: Method) -> None:
        found = method(*self.inputs[0])
        if not isinstance(found, tuple):
            return
        x, residual = self.inputs[0]
        wanted = residual + (x * self.scale if "scale" in name else x)
        total, normed = found[:2]
        exact = F.layer_norm(total.double(), (self.channels,), self.weight.double(), self.bias.double(), EPSILON)
        error = ((normed.double() - exact).abs().max() / exact.abs().max()).item()
        same = 1.0 if len(found) == 2 else (found[2] == self.choice(normed)).double().mean().item()
        if not (torch.equal(total, wanted) and error <= torch.finfo(x.dtype).eps and same >= 0.98):
            raise SystemExit(f"{name} is wrong at {self.tokens} tokens: error {error:.3g}, {same:.3f} of the choices")


class Timed:
    """A method as a graph of one call for each of the inputs."""

    def __init__(self, half: Half, method: Method):
        self.count, self.times = len(half.inputs), []
        side = torch.cuda.Stream()
        side.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(side):
            for _ in range(3):
                method(*half.inputs[0])
        torch.cuda.current_stream().wait_stream(side)
        torch.cuda.synchronize()
        self.graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(self.graph):
            for pair in half.inputs:
                method(*pair)

    def measure(self) -> None:
        start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        start.record()
        self.graph.replay()
        end.record()
        end.synchronize()
        self.times.append(start.elapsed_time(end) * 1e3 / self.count)


def compare(half: Half, rounds: int) -> list[list]:
    timed = {}
    for name, (method, _) in half.methods().items():
        half.check(name, method)
        timed[name] = Timed(half, method)
    for _ in range(rounds):
        for one in timed.values():
            one.measure()
    rows = []
    for name, (_, moves) in half.methods().items():
        times = sorted(timed[name].times)
        median, low, high = statistics.median(times), times[len(times) // 10], times[-1 - len(times) // 10]
        moved = moves * half.bytes
        rows.append([half.tokens, name, f"{median:.1f} ({low:.1f}–{high:.1f})", f"{moved / 1e6:.1f}",
                     round(moved / median / 1e3)])
        print(" | ".join(map(str, rows[-1])), flush=True)
    return rows


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--library", default=".build/native-cuda/libacm.so")
    parser.add_argument("--tokens", type=int, nargs="+", default=[25216, 1576, 197])
    parser.add_argument("--channels", type=int, default=768)
    parser.add_argument("--dtype", default="bfloat16")
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--output", type=pathlib.Path)
    options = parser.parse_args()
    torch.ops.load_library(str(pathlib.Path(options.library).resolve()))
    header = ["tokens", "method", "µs (p10–p90)", "MB", "GB/s"]
    print(" | ".join(header))
    rows = []
    with torch.inference_mode():
        for tokens in options.tokens:
            rows += compare(Half(tokens, options.channels, getattr(torch, options.dtype)), options.rounds)
            torch.cuda.empty_cache()
    if options.output:
        results.write(
            options.output, title="Addition, LayerNorm and gate on a CUDA device",
            command=f"python3 Benchmarks/add_layer_norm_cuda.py --rounds {options.rounds}",
            versions={"torch": torch.__version__}, hardware=torch.cuda.get_device_name(),
            notes=f"{options.dtype}, {options.channels} channels, a gate 16 wide with 5 choices; in CUDA graphs.",
            tables=[{"header": header, "rows": rows}])
    return 0


if __name__ == "__main__":
    sys.exit(main())
