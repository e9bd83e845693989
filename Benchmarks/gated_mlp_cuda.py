#!/usr/bin/env python3
"""Times acm::gated_mlp on a CUDA device against dense layers and other ways to cut their hidden width.

    scripts/build-native --cuda --output .build/native-cuda
    python3 Benchmarks/gated_mlp_cuda.py [--library .build/native-cuda/libacm.so] [--tokens 25216 1576 197]
        [--channels 768] [--learners 4] [--dtype bfloat16] [--loads 1 0.75 0.5 0.25] [--rounds 40] [--no-compile]
        [--output Benchmarks/results/NAME.json]
    python3 Benchmarks/gated_mlp_cuda.py --tune [--tilings FILE]

A network of channels -> 4 channels -> channels with gelu. Every method is checked against float64 before it is
timed; *error* is its largest one over the largest output. What can be captured is timed as a CUDA graph of several
calls whose inputs rotate through 256 MiB, at most 32 of them ("device"); everything is also timed call after call from
Python ("calls"). Methods take turns; the medians of the rounds count, and "/ dense" is over the fastest dense
method of the same column. *Equal*: every token has the same choice; *mixed*: choices are binomial. *GHz* is the
clock of the multiprocessors directly behind the graph, from the time that a count of cycles takes: a GPU at its limit of
power lowers it.

| method | |
|---|---|
| dense, eager | linear, gelu, linear |
| dense, addmm_activation | cuBLASLt's epilogue, whose gelu is the tanh form |
| dense, compiled | torch.compile, max-autotune; --no-compile leaves it out |
| dense, ours | acm::mlp: libtorch's layers, or our kernels where many tokens are |
| dense, fp8 | an experiment: torch._scaled_mm, a scale for each row, made in the call; never "the fastest dense" |
| ours | acm::gated_mlp: sorts, too, or up to 1,024 tokens is "masked"; "and the gate": acm::gate_choice before it |
| ours, masked | dense products, and between them zeros for what no learner of a token gives |
| prefixes | the dense layers on the first learners' weights, once for each choice |
| _grouped_mm | learner n over the tokens that run it |
| Triton, stk | peers/gated_triton.py; stk where stanford-stk is installed, in float16 and bfloat16 |

In the last three and the prefixes the order of the tokens and the counts are given. scattermoe is not on PyPI, and
megablocks wants to be compiled; its block-sparse products are those of stanford-stk, which is Python alone. A machine
without network takes it from a wheel: `pip wheel --no-deps stanford-stk==0.7.1` elsewhere, there
`pip install --no-index --no-deps --target FOLDER stanford_stk-*.whl` and PYTHONPATH=FOLDER.

Of our kernels the split of the time is printed as well, as torch.profiler sees it: of each from the end of the one
before it, since it may start earlier and wait. With --output a plot of the mixed loads is written for each number of
tokens. With --tune, times all tiles of the Hopper kernels that may win instead, and writes those that are the best over
all loads into the file that the library reads (Native/kernels/gated_mlp/README.md), for each number of tokens at which
they beat the library's own choice by more than 1 %.
"""

import argparse
import math
import os
import pathlib
import re
import statistics
import sys
import typing

import torch
import torch.nn.functional as F

sys.path[:0] = [str(pathlib.Path(__file__).parent), str(pathlib.Path(__file__).parent / "peers")]
import inductor  # noqa: E402
import plot  # noqa: E402
import results  # noqa: E402

DEVICE = "cuda"
# Without these the comparison goes on.
PEERS = {"dense, addmm_activation", "dense, compiled", "dense, fp8", "prefixes", "_grouped_mm", "Triton", "stk"}
Method = typing.Callable[[torch.Tensor], torch.Tensor]


class Layer:
    def __init__(self, tokens: int, channels: int, learners: int, dtype: torch.dtype):
        generator = torch.Generator(DEVICE).manual_seed(1)
        self.tokens, self.learners, self.dtype, hidden = tokens, learners, dtype, 4 * channels

        def draw(*shape: int, scale: float) -> torch.Tensor:
            return (torch.randn(shape, generator=generator, device=DEVICE) * scale).to(dtype)

        count = max(2, min(32, (256 << 20) // (tokens * channels * dtype.itemsize) + 1))
        self.inputs = [draw(tokens, channels, scale=1) for _ in range(count)]
        self.w1, self.b1 = draw(hidden, channels, scale=channels ** -0.5), draw(hidden, scale=0.1)
        self.w2, self.bias = draw(channels, hidden, scale=hidden ** -0.5), draw(channels, scale=0.5)
        self.width = hidden // learners
        self.gate = [draw(16, channels, scale=channels ** -0.5), draw(16, scale=0.5), draw(16, 16, scale=0.25),
                     draw(16, scale=0.5), draw(learners + 1, 16, scale=0.5), draw(learners + 1, scale=0.5)]

    def exact(self, x: torch.Tensor, choice: torch.Tensor) -> torch.Tensor:
        w1, b1, w2, bias = (tensor.double() for tensor in (self.w1, self.b1, self.w2, self.bias))
        hidden = F.gelu(F.linear(x.double(), w1, b1))
        learner = torch.arange(hidden.shape[1], device=DEVICE) // self.width
        return F.linear(torch.where(learner < choice[:, None], hidden, 0.0), w2, bias)

    def choices(self, load: float, mixed: bool) -> torch.Tensor:
        if not mixed:
            return torch.full((self.tokens,), round(load * self.learners), device=DEVICE, dtype=torch.int64)
        generator = torch.Generator(DEVICE).manual_seed(2)
        drawn = torch.rand(self.tokens, self.learners, generator=generator, device=DEVICE) < load
        return drawn.sum(1)

    def dense(self, compiles: bool) -> dict[str, Method]:
        def eager(x):
            return F.linear(F.gelu(F.linear(x, self.w1, self.b1)), self.w2, self.bias)

        def fused(x):  # cuBLASLt's epilogue, whose gelu is the tanh form
            hidden = torch._addmm_activation(self.b1, x, self.w1.t(), use_gelu=True)
            return F.linear(hidden, self.w2, self.bias)

        methods = {"dense, eager": eager, "dense, addmm_activation": fused,
                   "dense, ours": lambda x: torch.ops.acm.mlp(x, self.w1, self.b1, self.w2, self.bias, "gelu")}
        if not compiles:
            return methods
        try:
            compiled = torch.compile(eager, mode="max-autotune-no-cudagraphs", dynamic=False)
            compiled(self.inputs[0])
            methods["dense, compiled"] = compiled
        except Exception as error:  # the comparison goes on without it
            print("torch.compile failed:", str(error).splitlines()[0])
        return methods

    def fp8(self) -> Method:
        """Both products in float8 (e4m3); rows of inputs and weights are scaled to its range."""
        def quantised(x):
            scale = x.abs().amax(-1, keepdim=True).float().clamp_min(1e-12) / 448
            return (x / scale).to(torch.float8_e4m3fn), scale

        (w1, s1), (w2, s2) = quantised(self.w1), quantised(self.w2)

        def product(x, weight, scale, bias):
            x, own = quantised(x)
            return torch._scaled_mm(x, weight.t(), own, scale.t(), bias=bias, out_dtype=self.dtype, use_fast_accum=True)

        return lambda x: product(F.gelu(product(x, w1, s1, self.b1)), w2, s2, self.bias)

    def gates(self) -> dict[str, Method]:
        """The gate alone: by our operator, and by one operator of libtorch after the other."""
        w1, b1, w2, b2, w3, b3 = self.gate
        offsets = [0.1 * n for n in range(len(b3))]
        added = torch.tensor(offsets, device=DEVICE)

        def layers(x):
            hidden = F.gelu(F.linear(F.gelu(F.linear(x, w1, b1)), w2, b2))
            return (F.linear(hidden, w3, b3).float() + added).argmax(-1)

        return {"gate, ours": lambda x: torch.ops.acm.gate_choice(x, *self.gate, offsets), "gate, layers": layers}

    def gated(self, choice: torch.Tensor, mixed: bool) -> dict[str, Method]:
        network = (self.w1, self.b1, self.w2, self.bias)
        arguments = (*network, self.learners, "gelu")

        def with_gate(x):
            torch.ops.acm.gate_choice(x, *self.gate)
            return torch.ops.acm.gated_mlp(x, choice, *arguments)

        def by_path(path):
            return lambda x: torch.ops.acm.gated_mlp_cuda(x, choice, *arguments, path, [])

        methods: dict[str, Method] = {
            "ours": lambda x: torch.ops.acm.gated_mlp(x, choice, *arguments),
            "ours and the gate": with_gate,
            "ours, masked": by_path("masked"),
            "ours, Ampere's kernels": by_path("ampere"),
            "prefixes": self.by_prefixes(choice),
        }
        if torch.cuda.get_device_capability()[0] == 9:
            methods["ours, Hopper's kernels"] = by_path("hopper")
        if mixed and hasattr(torch, "_grouped_mm"):
            methods["_grouped_mm"] = self.by_grouped_product(choice)
        try:
            import gated_triton
            methods["Triton"] = gated_triton.by_triton(choice, self.learners, *network)
            methods["stk"] = gated_triton.by_stk(choice, self.learners, *network)
        except ImportError as error:  # the comparison goes on without it
            print("a peer is left out:", error)
        return methods

    def by_prefixes(self, choice: torch.Tensor) -> Method:
        """The dense layers on a prefix of the weights for each choice, over its tokens."""
        rows = [(n, (choice == n).nonzero().flatten()) for n in range(self.learners + 1)]
        rows = [(n, at) for n, at in rows if len(at) > 0]

        def prefix(x, n):
            width = n * self.width
            if n == 0:
                return self.bias.expand(len(x), -1)
            return F.linear(F.gelu(F.linear(x, self.w1[:width], self.b1[:width])), self.w2[:, :width], self.bias)

        def call(x):
            if len(rows) == 1:
                return prefix(x, rows[0][0])
            output = torch.empty(len(x), len(self.bias), dtype=x.dtype, device=x.device)
            for n, at in rows:
                output.index_copy_(0, at, prefix(x[at], n))
            return output

        return call

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
        self.clocks: list[float] = []
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

    def measure(self, also_calls: bool = True) -> None:
        cycles = 400_000

        def elapsed(body) -> tuple[float, float]:
            """The microseconds of a call, and the clock behind it in GHz."""
            start, end, counted = (torch.cuda.Event(enable_timing=True) for _ in range(3))
            start.record()
            body()
            end.record()
            torch.cuda._sleep(cycles)
            counted.record()
            counted.synchronize()
            return start.elapsed_time(end) * 1e3 / len(self.layer.inputs), cycles / end.elapsed_time(counted) / 1e6

        def calls():
            for x in self.layer.inputs:
                self.method(x)

        if self.graph:
            time, clock = elapsed(self.graph.replay)
            self.device.append(time)
            self.clocks.append(clock)
        if also_calls:
            self.calls.append(elapsed(calls)[0])


def check(name: str, layer: Layer, method: Method, choice: torch.Tensor) -> float:
    """The largest error over the largest output, which must be one of roundings; of fp8 one of its own."""
    x = layer.inputs[0]
    rows = torch.randperm(layer.tokens, device=DEVICE)[:500]
    exact = layer.exact(x[rows], choice[rows])
    error = ((method(x)[rows].double() - exact).abs().max() / exact.abs().max()).item()
    limit = 0.15 if name == "dense, fp8" else 3 * torch.finfo(layer.dtype).eps
    if not error <= limit:
        raise ArithmeticError(f"{name} is wrong at {layer.tokens} tokens: error {error:.4g} exceeds {limit:.4g}")
    return error


def check_all(layer: Layer, methods: dict[str, Method], choice: torch.Tensor) -> dict[str, float]:
    """Errors of the methods; leaves out others than ours that do not run."""
    errors = {}
    for name, method in list(methods.items()):
        try:
            errors[name] = check(name, layer, method, choice)
        except Exception as error:
            if name not in PEERS:
                raise
            print(f"{name} is left out:", (str(error).splitlines() or [repr(error)])[0])
            del methods[name]
    return errors


def time_all(layer: Layer, methods: dict, rounds: int, also_calls: bool = True) -> dict:
    timed = {}
    for name, method in methods.items():
        try:
            timed[name] = Timed(layer, method)
            timed[name].capture()
        except Exception as error:
            timed.pop(name, None)
            if name not in PEERS:
                raise
            print(f"{name} is left out:", (str(error).splitlines() or [repr(error)])[0])
    for _ in range(rounds):
        for one in timed.values():
            one.measure(also_calls)
    return timed


def split(layer: Layer, method: Method) -> str:
    """The time of each of our kernels in a call."""
    activities = [torch.profiler.ProfilerActivity.CPU, torch.profiler.ProfilerActivity.CUDA]
    with torch.profiler.profile(activities=activities) as profiler:
        for x in layer.inputs:
            method(x)
        torch.cuda.synchronize()
    times: dict[str, float] = {}
    events = [event for event in profiler.events() if event.device_type == torch.autograd.DeviceType.CUDA]
    before = -math.inf
    for event in sorted(events, key=lambda event: event.time_range.end):
        started, before = max(event.time_range.start, before), event.time_range.end
        if "gated_mlp" not in event.name:
            continue
        product = re.search(r"multiply<[^,<>]+, *(?:\(bool\))?(true|false|0|1)\b", event.name)
        if product:
            name = "first product" if product[1] in ("true", "1") else "second product"
        else:
            name = "activation and zeros" if "activateChosen" in event.name else "sort"
        times[name] = times.get(name, 0) + before - started
    return ", ".join(f"{name} {time / len(layer.inputs):.1f}" for name, time in times.items()) + " µs"


def quantiles(times: list[float]) -> str:
    if not times:
        return "–"
    ordered = sorted(times)
    at = lambda share: ordered[round(share * (len(ordered) - 1))]  # noqa: E731
    return f"{at(0.5):.1f} ({at(0.1):.1f}–{at(0.9):.1f})"


def compare(layer: Layer, options) -> list[list]:
    everything = torch.full((layer.tokens,), layer.learners, device=DEVICE)
    dense = layer.dense(not options.no_compile)
    experiment = {"dense, fp8": layer.fp8()}
    errors = check_all(layer, dense, everything) | check_all(layer, experiment, everything)
    gates = layer.gates()
    ours, layers = (method(layer.inputs[0]) for method in gates.values())
    if not (ours == layers).double().mean() >= 0.98:
        raise SystemExit(f"the gate is wrong at {layer.tokens} tokens")
    rows = []
    macs = layer.tokens * layer.w1.numel() * 2
    loads = [(load, mixed) for load in options.loads for mixed in ([False] if load == 1 else [True, False])]
    for load, mixed in loads:
        is_first = (load, mixed) == loads[0]
        choice = layer.choices(load, mixed)
        gated = layer.gated(choice, mixed)
        errors |= check_all(layer, gated, choice)
        timed = time_all(layer, dense | (experiment | gates if is_first else {}) | gated, options.rounds)
        best = {kind: min(statistics.median(getattr(timed[name], kind)) for name in dense if name in timed)
                for kind in ("device", "calls")}
        actual = choice.double().mean().item() / layer.learners
        for name, one in timed.items():
            if name in dense and not is_first:  # said already
                continue
            ratio = {kind: f"{statistics.median(getattr(one, kind)) / best[kind]:.2f}" for kind in best}
            share = 0 if name in gates else actual if name in gated else 1
            time = statistics.median(one.device)
            rows.append([layer.tokens, f"{share:.2f}" if share else "–",
                         ("mixed" if mixed else "equal") if name in gated else "", name, quantiles(one.device),
                         quantiles(one.calls), round(2 * macs * share / time / 1e6) if share else "–", ratio["device"],
                         ratio["calls"], f"{errors[name]:.1e}" if name in errors else "–",
                         f"{statistics.median(one.clocks):.2f}"])
            print(" | ".join(map(str, rows[-1])), flush=True)
        print(f"ours at {load} {'mixed' if mixed else 'equal'}:", split(layer, gated["ours"]), flush=True)
    return rows


def draw(rows: list[list], tokens: int, path: pathlib.Path) -> None:
    """Time over the fastest dense one's against load: all mixed choices, and those of all learners."""
    series: dict[str, list[tuple[float, float]]] = {}
    for row in rows:
        if row[0] == tokens and (row[2] == "mixed" or (row[2] == "equal" and row[1] == "1.00")):
            series.setdefault(row[3], []).append((float(row[1]), float(row[7])))
    plot.lines(path, title=f"Gated feed-forward, {tokens:,} tokens", across="load", up="time / fastest dense time",
               series=series, reference=[(0, 0), (1, 1)], reference_name="time = load", top=2)


def tilings(tokens: int) -> list[tuple]:
    """Tiles that may win: columns and sharing of the first product; columns, sharing and splits of the second."""
    firsts = [(256, 2), (192, 2), (192, 1), (128, 1)]
    seconds = [(192, 2, 1), (192, 1, 1), (128, 1, 1)]
    if tokens < 8192:
        firsts.append((64, 1))
        seconds += [(192, 2, 2), (192, 1, 2), (192, 1, 4), (128, 1, 2), (128, 1, 4), (64, 1, 1), (64, 1, 2), (64, 1, 4)]
    return [(*first, *second) for first in firsts for second in seconds]


def tune(layer: Layer, options) -> list[list]:
    """Times of the Hopper kernels by tiles; those with the best mean over the loads go into the file."""
    rows, shares = [], {}
    for load, mixed in [(1, False), (0.5, True), (0.25, True)]:
        choice = layer.choices(load, mixed)

        def method(tile: tuple) -> Method:
            return lambda x: torch.ops.acm.gated_mlp_cuda(
                x, choice, layer.w1, layer.b1, layer.w2, layer.bias, layer.learners, "gelu", "hopper", list(tile))

        methods = {tile: method(tile) for tile in [(), *tilings(layer.tokens)]}  # (): those of the library's model
        for tile, one in methods.items():
            check(str(tile), layer, one, choice)
        times = {tile: one.device for tile, one in time_all(layer, methods, options.rounds, also_calls=False).items()}
        model = statistics.median(times[()])
        for tile, found in sorted(times.items(), key=lambda item: statistics.median(item[1])):
            shares.setdefault(tile, []).append(statistics.median(found) / model)
            rows.append([layer.tokens, load, "mixed" if mixed else "equal", " ".join(map(str, tile)) or "automatic",
                         quantiles(found)])
            print(" | ".join(map(str, rows[-1])), flush=True)
        torch.cuda.empty_cache()

    best = min((tile for tile in shares if tile), key=lambda tile: statistics.geometric_mean(shares[tile]))
    mean = statistics.geometric_mean(shares[best])
    print(f"best at {layer.tokens} tokens: {' '.join(map(str, best))}, {mean:.3f} of the time of the library's choice,",
          "by load", ", ".join(f"{share:.3f}" for share in shares[best]), flush=True)
    write_tiling(options.tilings, layer, best if mean < 0.99 else None)
    return rows


def tilings_path() -> pathlib.Path:
    """Where the library looks: see tuningsPath in Native/kernels/gated_mlp/cuda/tunings.cpp."""
    if named := os.environ.get("ACM_TILINGS"):
        return pathlib.Path(named)
    cache = os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache"
    return pathlib.Path(cache) / "acm" / "gated_mlp_tilings.tsv"


def write_tiling(path: pathlib.Path, layer: Layer, tile: tuple | None) -> None:
    """Puts the tiles into the file in place of what it has for the same layer and tokens; None: only takes that out."""
    heading = "acm::gated_mlp tilings 2"
    found = path.read_text().splitlines() if path.exists() else []
    if found and found[0] != heading:
        raise SystemExit(f"{path} is no file of tiles: its first line is not \"{heading}\"")
    hidden, channels = layer.w1.shape
    key = [torch.cuda.get_device_name(), str(layer.dtype).removeprefix("torch."), layer.tokens, channels, hidden,
           len(layer.bias), layer.learners]
    start = "".join(f"{field}\t" for field in key)
    kept = [line for line in found[1:] if not line.startswith(start)]
    if tile:
        kept.append(start + " ".join(map(str, tile)))
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(path.name + ".new")
    beside.write_text("\n".join([heading, *kept]) + "\n")
    beside.replace(path)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--library", default=".build/native-cuda/libacm.so")
    parser.add_argument("--tokens", type=int, nargs="+", help="25216 1576 and, without --tune, 197")
    parser.add_argument("--channels", type=int, default=768)
    parser.add_argument("--learners", type=int, default=4)
    parser.add_argument("--dtype", default="bfloat16")
    parser.add_argument("--loads", type=float, nargs="+", default=[1, 0.75, 0.5, 0.25])
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--no-compile", action="store_true")
    parser.add_argument("--tune", action="store_true")
    parser.add_argument("--tilings", type=pathlib.Path, default=tilings_path())
    parser.add_argument("--output", type=pathlib.Path)
    options = parser.parse_args()
    if options.tune and min(options.tokens or [1576]) <= 1024:
        parser.error("--tune is for more than 1,024 tokens: fewer have no tiles")
    options.tokens = options.tokens or [25216, 1576] + ([] if options.tune else [197])
    if options.tune:
        os.environ["ACM_TILINGS"] = ""  # so that "automatic" is the library's own choice
    torch.ops.load_library(str(pathlib.Path(options.library).resolve()))
    inductor.be_quiet()
    torch.backends.cuda.matmul.allow_tf32 = options.dtype == "float32"
    header = ["tokens", "load", "choices", "method", "device µs (p10–p90)"]
    if not options.tune:
        header += ["calls µs (p10–p90)", "TFLOP/s", "/ dense, device", "/ dense, calls", "error", "GHz"]
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
            command=f"python3 Benchmarks/gated_mlp_cuda.py{' --tune' if options.tune else ''} --rounds {options.rounds}",
            versions={"torch": torch.__version__}, hardware=torch.cuda.get_device_name(),
            notes=f"{options.dtype}, {options.channels} -> {4 * options.channels} -> {options.channels} channels, "
                  f"{options.learners} learners, gelu; the load is the mean choice over the learners. TFLOP/s counts "
                  "only the work that the choices ask for; / dense is the time over that of the fastest dense method.",
            tables=[{"header": header, "rows": rows}])
        for tokens in [] if options.tune else options.tokens:
            draw(rows, tokens, options.output.with_name(f"{options.output.stem}_{tokens}.svg"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
