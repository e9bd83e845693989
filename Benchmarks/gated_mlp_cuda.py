#!/usr/bin/env python3
"""Times acm::gated_mlp on a CUDA device against dense layers and other ways to cut their hidden width.

    scripts/build-native --cuda --output .build/native-cuda
    python3 Benchmarks/gated_mlp_cuda.py [--library .build/native-cuda/libacm.so] [--tokens 25216 1576 197]
        [--channels 768] [--learners 4] [--dtype bfloat16] [--rounds 40] [--no-compile] [--tune]
        [--output Benchmarks/results/NAME.json]

A network of channels -> 4 channels -> channels with gelu. Every method is checked against float64 before it is
timed. What can be captured is timed as a CUDA graph of several calls whose inputs rotate through 256 MiB, at most 32
of them ("device"); everything is also timed call after call from Python ("calls"). Methods take turns; the medians
of the rounds count, and "x dense" is against the fastest dense method of the same column. *Equal*: every token has
the same choice; *mixed*: choices are binomial. Of our kernels the split of the time is printed as well, as
torch.profiler sees it: since each starts while the one before it ends, the parts are more than the whole. --no-compile
leaves torch.compile out. With --tune, times the tiles of the Hopper kernels instead.
"""

import argparse
import pathlib
import re
import statistics
import sys
import typing

import torch
import torch.nn.functional as F

sys.path.append(str(pathlib.Path(__file__).parent))
import results  # noqa: E402

Method = typing.Callable[[torch.Tensor], torch.Tensor]


class Layer:
    def __init__(self, tokens: int, channels: int, learners: int, dtype: torch.dtype):
        generator = torch.Generator("cuda").manual_seed(1)
        self.tokens, self.learners, self.dtype, hidden = tokens, learners, dtype, 4 * channels

        def draw(*shape: int, scale: float) -> torch.Tensor:
            return (torch.randn(shape, generator=generator, device="cuda") * scale).to(dtype)

        count = max(2, min(32, (256 << 20) // (tokens * channels * dtype.itemsize) + 1))
        self.inputs = [draw(tokens, channels, scale=1) for _ in range(count)]
        self.w1, self.b1 = draw(hidden, channels, scale=channels ** -0.5), draw(hidden, scale=0.1)
        self.w2, self.bias = draw(channels, hidden, scale=hidden ** -0.5), draw(channels, scale=0.5)
        self.width = hidden // learners

    def exact(self, x: torch.Tensor, choice: torch.Tensor) -> torch.Tensor:
        w1, b1, w2, bias = (tensor.double() for tensor in (self.w1, self.b1, self.w2, self.bias))
        hidden = F.gelu(F.linear(x.double(), w1, b1))
        learner = torch.arange(hidden.shape[1], device="cuda") // self.width
        return F.linear(torch.where(learner < choice[:, None], hidden, 0.0), w2, bias)

    def choices(self, load: float, mixed: bool) -> torch.Tensor:
        if not mixed:
            return torch.full((self.tokens,), round(load * self.learners), device="cuda", dtype=torch.int64)
        generator = torch.Generator("cuda").manual_seed(2)
        drawn = torch.rand(self.tokens, self.learners, generator=generator, device="cuda") < load
        return drawn.sum(1)

    def dense(self, compiles: bool) -> dict[str, Method]:
        def eager(x):
            return F.linear(F.gelu(F.linear(x, self.w1, self.b1)), self.w2, self.bias)

        def fused(x):  # cuBLASLt's epilogue, whose gelu is the tanh form
            hidden = torch._addmm_activation(self.b1, x, self.w1.t(), use_gelu=True)
            return F.linear(hidden, self.w2, self.bias)

        methods = {"dense, eager": eager, "dense, addmm_activation": fused}
        if not compiles:
            return methods
        try:
            compiled = torch.compile(eager, mode="max-autotune-no-cudagraphs", dynamic=False)
            compiled(self.inputs[0])
            methods["dense, compiled"] = compiled
        except Exception as error:  # the comparison goes on without it
            print("torch.compile failed:", str(error).splitlines()[0])
        return methods

    def gated(self, choice: torch.Tensor, load: float, mixed: bool) -> dict[str, Method]:
        arguments = (self.w1, self.b1, self.w2, self.bias, self.learners, "gelu")
        methods: dict[str, Method] = {
            "ours": lambda x: torch.ops.acm.gated_mlp(x, choice, *arguments),
            "ours, Ampere's kernels": lambda x: torch.ops.acm.gated_mlp_cuda(x, choice, *arguments, "ampere", []),
            "grouped by ATen": lambda x: torch.ops.acm.gated_mlp_cuda(x, choice, *arguments, "grouped", []),
        }
        if not mixed:
            width = round(load * self.learners) * self.width
            w1, b1, w2 = self.w1[:width], self.b1[:width], self.w2[:, :width]
            methods["prefix of the weights"] = lambda x: F.linear(F.gelu(F.linear(x, w1, b1)), w2, self.bias)
        elif hasattr(torch, "_grouped_mm"):
            methods["_grouped_mm"] = self.by_grouped_product(choice)
        return methods

    def by_grouped_product(self, choice: torch.Tensor) -> Method:
        """Learner n over the tokens that run it, as a grouped product over learners. Sorting and sizes are free."""
        w1 = self.w1.view(self.learners, self.width, -1).transpose(1, 2)
        w2 = self.w2.view(-1, self.learners, self.width).permute(1, 2, 0).contiguous()
        order = torch.cat([(choice > n).nonzero().flatten() for n in range(self.learners)])
        counts = torch.stack([(choice > n).sum() for n in range(self.learners)])
        ends = counts.cumsum(0).to(torch.int32)
        b1 = self.b1.view(self.learners, self.width).repeat_interleave(counts, 0)

        def call(x):
            hidden = F.gelu(torch._grouped_mm(x[order], w1, offs=ends) + b1)
            parts = torch._grouped_mm(hidden, w2, offs=ends)
            return self.bias.expand(self.tokens, -1).float().index_add(0, order, parts.float()).to(self.dtype)

        return call


class Timed:
    """A method ready to be timed both ways."""

    def __init__(self, layer: Layer, method: Method):
        self.layer, self.method, self.graph = layer, method, None
        self.device: list[float] = []
        self.calls: list[float] = []
        side = torch.cuda.Stream()
        side.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(side):
            for _ in range(3):
                method(layer.inputs[0])
        torch.cuda.current_stream().wait_stream(side)
        torch.cuda.synchronize()

    def capture(self) -> None:
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            for x in self.layer.inputs:
                self.method(x)
        self.graph = graph

    def measure(self) -> None:
        def elapsed(body) -> float:
            start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
            start.record()
            body()
            end.record()
            end.synchronize()
            return start.elapsed_time(end) * 1e3 / len(self.layer.inputs)

        def calls():
            for x in self.layer.inputs:
                self.method(x)

        if self.graph:
            self.device.append(elapsed(self.graph.replay))
        self.calls.append(elapsed(calls))


def check(name: str, layer: Layer, method: Method, choice: torch.Tensor) -> None:
    x = layer.inputs[0]
    rows = torch.randperm(layer.tokens, device="cuda")[:500]
    exact = layer.exact(x[rows], choice[rows])
    error = (method(x)[rows].double() - exact).abs().max().item()
    limit = 3 * torch.finfo(layer.dtype).eps * exact.abs().max().item()
    if not error <= limit:
        raise SystemExit(f"{name} is wrong at {layer.tokens} tokens: error {error:.4g} exceeds {limit:.4g}")


def time_all(layer: Layer, methods: dict[str, Method], rounds: int) -> dict[str, Timed]:
    timed = {}
    for name, method in methods.items():
        timed[name] = Timed(layer, method)
        if name != "grouped by ATen":  # which waits for the device
            timed[name].capture()
    for _ in range(rounds):
        for one in timed.values():
            one.measure()
    return timed


def split(layer: Layer, method: Method) -> str:
    """The time of each of our kernels in a call."""
    activities = [torch.profiler.ProfilerActivity.CPU, torch.profiler.ProfilerActivity.CUDA]
    with torch.profiler.profile(activities=activities) as profiler:
        for x in layer.inputs:
            method(x)
        torch.cuda.synchronize()
    times = {"sort": 0.0, "first product": 0.0, "second product": 0.0}
    for event in profiler.events():
        if event.device_type != torch.autograd.DeviceType.CUDA or "gated_mlp" not in event.name:
            continue
        product = re.search(r"multiply<[^,<>]+, *(?:\(bool\))?(true|false|0|1)\b", event.name)
        name = "sort" if not product else "first product" if product[1] in ("true", "1") else "second product"
        times[name] += event.time_range.elapsed_us()
    return ", ".join(f"{name} {time / len(layer.inputs):.1f}" for name, time in times.items()) + " µs"


def quantiles(times: list[float]) -> str:
    if not times:
        return "–"
    ordered = sorted(times)
    at = lambda share: ordered[round(share * (len(ordered) - 1))]  # noqa: E731
    return f"{at(0.5):.1f} ({at(0.1):.1f}–{at(0.9):.1f})"


def compare(layer: Layer, options) -> list[list]:
    everything = torch.full((layer.tokens,), layer.learners, device="cuda")
    dense = layer.dense(not options.no_compile)
    for name, method in dense.items():
        check(name, layer, method, everything)
    rows = []
    macs = layer.tokens * layer.w1.numel() * 2
    loads = [(1, False), (0.75, False), (0.75, True), (0.5, False), (0.5, True), (0.25, False), (0.25, True)]
    for load, mixed in loads:
        choice = layer.choices(load, mixed)
        gated = layer.gated(choice, load, mixed)
        for name, method in list(gated.items()):
            try:
                check(name, layer, method, choice)
            except Exception as error:
                if name.startswith("ours"):
                    raise
                print(f"{name} is left out:", str(error).splitlines()[0])
                del gated[name]
        timed = time_all(layer, dense | gated, options.rounds)
        best = {kind: min(statistics.median(getattr(timed[name], kind)) for name in dense)
                for kind in ("device", "calls")}
        actual = choice.double().mean().item() / layer.learners
        for name, one in timed.items():
            if name in dense and (load, mixed) != (1, False):
                continue
            ratio = {kind: f"{best[kind] / statistics.median(getattr(one, kind)):.2f}" if getattr(one, kind) else "–"
                     for kind in best}
            share = 1 if name in dense else actual
            time = statistics.median(one.device or one.calls)
            rows.append([layer.tokens, f"{share:.2f}", "" if name in dense else "mixed" if mixed else "equal", name,
                         quantiles(one.device), quantiles(one.calls), round(2 * macs * share / time / 1e6),
                         ratio["device"], ratio["calls"]])
            print(" | ".join(map(str, rows[-1])), flush=True)
        print(f"ours at {load} {'mixed' if mixed else 'equal'}:", split(layer, gated["ours"]), flush=True)
    return rows


def tilings(tokens: int) -> list[tuple]:
    """Tiles that may win: first columns, sharing; second columns, sharing, splits; chunks;
    whether the threads that gather announce."""
    if tokens >= 8192:
        both = [(*first, 192, 2, 1, *rest) for first in [(256, 2), (192, 2)]
                for rest in [(1, 0), (1, 1), (2, 0), (3, 0), (6, 0)]]
        return both + [(192, 1, 192, 2, 1), (256, 2, 192, 1, 1)]
    firsts = [(256, 2), (192, 2), (192, 1), (128, 1)]
    seconds = [(192, 2, 1), (192, 2, 2), (192, 1, 1), (192, 1, 2), (128, 1, 1), (128, 1, 2), (128, 1, 4), (64, 1, 1),
               (64, 1, 2), (64, 1, 4)]
    gathers = [(192, 2, 128, 1, 2, 1, 1), (64, 1, 128, 1, 2, 1, 1)]
    return [(*first, 128, 1, 2) for first in firsts] + [(64, 1, *second) for second in seconds] + gathers


def tune(layer: Layer, options) -> list[list]:
    """Times of the Hopper kernels for tilings of either product; the other product keeps one."""
    everything = torch.full((layer.tokens,), layer.learners, device="cuda")
    dense = layer.dense(False)
    for name, one in dense.items():
        check(name, layer, one, everything)
    rows = []
    for load, mixed in [(1, False), (0.5, True), (0.25, False), (0.25, True)]:
        choice = layer.choices(load, mixed)

        def method(tile: tuple) -> Method:
            return lambda x: torch.ops.acm.gated_mlp_cuda(
                x, choice, layer.w1, layer.b1, layer.w2, layer.bias, layer.learners, "gelu", "hopper", list(tile))

        methods = {" ".join(map(str, tile)): method(tile) for tile in tilings(layer.tokens)}
        methods["automatic"] = lambda x: torch.ops.acm.gated_mlp(
            x, choice, layer.w1, layer.b1, layer.w2, layer.bias, layer.learners, "gelu")
        for name, one in methods.items():
            check(name, layer, one, choice)
        for name, one in sorted(time_all(layer, dense | methods, options.rounds).items(),
                                key=lambda item: statistics.median(item[1].device)):
            rows.append([layer.tokens, load, "mixed" if mixed else "equal", name, quantiles(one.device)])
            print(" | ".join(map(str, rows[-1])), flush=True)
        print(f"automatic at {load} {'mixed' if mixed else 'equal'}:", split(layer, methods["automatic"]), flush=True)
    return rows


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--library", default=".build/native-cuda/libacm.so")
    parser.add_argument("--tokens", type=int, nargs="+", default=[25216, 1576, 197])
    parser.add_argument("--channels", type=int, default=768)
    parser.add_argument("--learners", type=int, default=4)
    parser.add_argument("--dtype", default="bfloat16")
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--no-compile", action="store_true")
    parser.add_argument("--tune", action="store_true")
    parser.add_argument("--output", type=pathlib.Path)
    options = parser.parse_args()
    torch.ops.load_library(str(pathlib.Path(options.library).resolve()))
    torch.backends.cuda.matmul.allow_tf32 = options.dtype == "float32"
    header = ["tokens", "load", "choices", "method", "device µs (p10–p90)"]
    if not options.tune:
        header += ["calls µs (p10–p90)", "TFLOP/s", "× dense, device", "× dense, calls"]
    print(" | ".join(header))
    rows = []
    with torch.inference_mode():
        for tokens in options.tokens:
            torch.compiler.reset()
            layer = Layer(tokens, options.channels, options.learners, getattr(torch, options.dtype))
            rows += (tune if options.tune else compare)(layer, options)
            torch.cuda.empty_cache()
    if options.output:
        results.write(
            options.output, title="acm::gated_mlp on a CUDA device",
            command="python3 Benchmarks/gated_mlp_cuda.py" + (" --tune" if options.tune else ""),
            versions={"torch": torch.__version__}, hardware=torch.cuda.get_device_name(),
            notes=f"{options.dtype}, {options.channels} -> {4 * options.channels} -> {options.channels} channels, "
                  f"{options.learners} learners, gelu; the load is the mean choice over the learners. TFLOP/s counts "
                  "only the work that the choices ask for; of each method the graph's time where it has one.",
            tables=[{"header": header, "rows": rows}])
    return 0


if __name__ == "__main__":
    sys.exit(main())
