#!/usr/bin/env python3
"""Times one feed-forward and one projection of a ViT-B on the CPU: gated and dense in acm, and dense in what engineers
would use instead.

    .deps/peers/bin/python Benchmarks/peers/modules.py [--tokens 1576] [--threads 2] [--rounds 20]
        [--output Benchmarks/results/NAME.json]

The environment is that of cpu.py; our operators are called from Python, in one process with the peers. Every method is
checked against float64 before it is timed. Methods take turns, on inputs that rotate through 64 MiB; the smallest time
of the rounds counts, since what else runs on a machine only adds. Choices are random with the load as their mean:
binomial, in a projection the learners beyond the first, since it runs at least one. "with the gate": acm::gate_choice
before it, on the same input. OpenVINO takes and gives float32 in every precision, PyTorch and acm the type that the
precision has in a model: bfloat16 for int8, too. PyTorch "reordered" is its oneDNN layers over weights laid out once,
with the gelu fused, as torch.compile makes them where weights are frozen. int8 peers are quantised by their own tools. With
--output a plot is written beside it: time over that of the fastest dense peer against load, with the linear line.
"""

import argparse
import pathlib
import statistics
import sys
import tempfile
import time
import typing

import numpy
import torch
import torch.nn.functional as F

sys.path.append(str(pathlib.Path(__file__).parents[1]))
import plot  # noqa: E402
import results  # noqa: E402

LEARNERS, CHANNELS = 4, 768
PRECISIONS = {"float32": torch.float32, "bfloat16": torch.bfloat16, "int8": torch.bfloat16}
# Of the largest output: what rounding, or 8 bits, may make of a result.
LIMITS = {"float32": 1e-4, "bfloat16": 3e-2, "int8": 0.15}
ACM = torch.ops.acm
# Gives a result for the n-th of the inputs.
Method = typing.Callable[[int], typing.Any]


class FeedForward(torch.nn.Sequential):
    minimum = 0

    def __init__(self):
        super().__init__(torch.nn.Linear(CHANNELS, 4 * CHANNELS), torch.nn.GELU(), torch.nn.Linear(4 * CHANNELS, CHANNELS))

    def learners(self):
        """The two matrices and two biases of learners that cost what the module costs."""
        return [self[0].weight, self[0].bias, self[2].weight, self[2].bias]


class Projection(torch.nn.Sequential):
    minimum = 1

    def __init__(self):
        super().__init__(torch.nn.Linear(CHANNELS, CHANNELS))

    def learners(self):
        width = round((CHANNELS * CHANNELS + CHANNELS) / (2 * CHANNELS + 1) / LEARNERS) * LEARNERS
        pair = torch.nn.Linear(CHANNELS, width), torch.nn.Linear(width, CHANNELS)
        return [pair[0].weight, pair[0].bias, pair[1].weight, pair[1].bias]


def masked(weights, x: torch.Tensor, choice: torch.Tensor) -> torch.Tensor:
    """What learners give, in float64."""
    w1, b1, w2, bias = (tensor.double() for tensor in weights)
    learner = torch.arange(len(w1)) // (len(w1) // LEARNERS)
    return F.linear(F.gelu(F.linear(x.double(), w1, b1)) * (learner < choice[..., None]), w2, bias)


def choices(tokens: int, load: float, minimum: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(2)
    share = (load * LEARNERS - minimum) / (LEARNERS - minimum)
    return minimum + (torch.rand(tokens, LEARNERS - minimum, generator=generator) < share).sum(1)


def pytorch(module, precision: str, inputs: list[torch.Tensor]) -> dict[str, Method]:
    if precision == "int8":
        quantised = torch.ao.quantization.quantize_dynamic(module, {torch.nn.Linear}, torch.qint8)
        wide = [x.float() for x in inputs]
        return {"PyTorch, dynamic": lambda n: quantised(wide[n])}
    module = module.to(inputs[0].dtype)
    layers = [layer for layer in module if isinstance(layer, torch.nn.Linear)]
    reordered = [torch.ops.mkldnn._reorder_linear_weight(layer.weight.data, len(inputs[0])) for layer in layers]

    def pointwise(n):
        x = inputs[n]
        for index, (layer, weight) in enumerate(zip(layers, reordered)):
            activation = "gelu" if index + 1 < len(layers) else "none"
            x = torch.ops.mkldnn._linear_pointwise(x, weight, layer.bias.data, activation, [], "none")
        return x

    compiled = torch.compile(module, dynamic=False)
    return {"PyTorch eager": lambda n: module(inputs[n]), "torch.compile": lambda n: compiled(inputs[n]),
            "PyTorch, reordered": pointwise}


def exported(module, x: torch.Tensor, folder: pathlib.Path) -> pathlib.Path:
    file = folder / "module.onnx"
    if not file.exists():
        torch.onnx.export(module, (x,), file, dynamo=True, external_data=False, verbose=False)
    return file


def onnx_runtime(file: pathlib.Path, precision: str, inputs: list[numpy.ndarray], threads: int) -> dict[str, Method]:
    import onnxruntime
    from onnxruntime.quantization import QuantType, quantize_dynamic

    if precision == "bfloat16":
        return {}
    if precision == "int8":
        wide, file = file, file.with_name("int8.onnx")
        quantize_dynamic(wide, file, weight_type=QuantType.QInt8, per_channel=True)
    settings = onnxruntime.SessionOptions()
    settings.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(file, settings, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    return {"ONNX Runtime": lambda n: session.run(None, {name: inputs[n]})[0]}


def openvino_runtime(file: pathlib.Path, precision: str, inputs: list[numpy.ndarray], threads: int) -> dict[str, Method]:
    import nncf
    import openvino

    core = openvino.Core()
    model = core.read_model(file)
    if precision == "int8":
        model = nncf.quantize(model, nncf.Dataset(inputs[:4]), model_type=nncf.ModelType.TRANSFORMER)
    request = core.compile_model(model, "CPU", {
        "INFERENCE_NUM_THREADS": threads, "INFERENCE_PRECISION_HINT": "f32" if precision == "float32" else "bf16",
        "PERFORMANCE_HINT": "LATENCY"}).create_infer_request()
    return {"OpenVINO": lambda n: request.infer([inputs[n]], share_inputs=True, share_outputs=True)[0]}


def ours(module, precision: str, inputs: list[torch.Tensor], loads: list[float]) -> dict[str, tuple[Method, torch.Tensor]]:
    """Methods with their choices."""
    dtype, tokens = inputs[0].dtype, len(inputs[0])
    everything = torch.full((tokens,), LEARNERS)
    methods = {}
    if isinstance(module, FeedForward):
        dense = ACM.gated_mlp_pack(*(tensor.to(dtype) for tensor in module.learners()), 1, "gelu", precision)
        one = torch.ones(tokens, dtype=torch.int64)
        methods["acm, dense"] = lambda n: ACM.gated_mlp_packed(inputs[n], one, dense), everything
    else:
        dense = ACM.linear_pack(module[0].weight.to(dtype), module[0].bias.to(dtype), precision)
        methods["acm, dense"] = lambda n: ACM.linear_packed(inputs[n], dense), everything
    weights = [tensor.to(dtype) for tensor in module.learners()]
    packed = ACM.gated_mlp_pack(*weights, LEARNERS, "gelu", precision)
    allowed = LEARNERS + 1 - module.minimum
    gate = [(torch.randn(shape) * scale).to(dtype) for shape, scale in (
        ((16, CHANNELS), CHANNELS ** -0.5), ((16,), 0.5), ((16, 16), 0.25), ((16,), 0.5), ((allowed, 16), 0.5),
        ((allowed,), 0.5))]
    for load in loads:
        choice = choices(tokens, load, module.minimum)

        def with_gate(n, choice=choice):
            ACM.gate_choice(inputs[n], *gate, minimum=module.minimum)
            return ACM.gated_mlp_packed(inputs[n], choice, packed)

        methods[f"acm, load {load:g}"] = lambda n, choice=choice: ACM.gated_mlp_packed(inputs[n], choice, packed), choice
        methods[f"acm, load {load:g}, with the gate"] = with_gate, choice
    exact = {name: masked(weights, inputs[0], choice) for name, (_, choice) in methods.items() if "load" in name}
    return {name: (method, choice, exact.get(name)) for name, (method, choice) in methods.items()}


def check(name: str, found, exact: torch.Tensor, limit: float) -> None:
    error = ((torch.as_tensor(found).double() - exact).abs().max() / exact.abs().max()).item()
    if not error <= limit:
        raise ArithmeticError(f"{name} is wrong: error {error:.4g} exceeds {limit:.4g}")


def measure(kind, precision: str, options) -> list[list]:
    dtype = PRECISIONS[precision]
    torch.manual_seed(1)
    module = kind().eval().requires_grad_(False)
    for parameter in module.parameters():  # all compute with the same numbers
        parameter.copy_(parameter.to(dtype))
    count = (64 << 20) // (options.tokens * CHANNELS * 4) + 1
    inputs = [torch.randn(options.tokens, CHANNELS).to(dtype) for _ in range(count)]
    wide = [x.float().numpy() for x in inputs]
    exact = module.double()(inputs[0].double())
    gated = ours(module.float(), precision, inputs, options.loads)
    jobs: dict[str, Method] = {name: job for name, (job, _, _) in gated.items()}
    loads = {name: choice.double().mean().item() / LEARNERS for name, (_, choice, _) in gated.items()}
    truths = {name: truth for name, (_, _, truth) in gated.items() if truth is not None}
    with tempfile.TemporaryDirectory() as folder:
        file = exported(module, inputs[0].float(), pathlib.Path(folder))
        jobs |= onnx_runtime(file, precision, wide, options.threads)
        jobs |= openvino_runtime(file, precision, wide, options.threads)
    jobs |= pytorch(module, precision, inputs)
    for name, job in jobs.items():
        check(f"{name} in {precision}", job(0), truths.get(name, exact), LIMITS[precision])
    times: dict[str, list[float]] = {name: [] for name in jobs}
    for turn in range(options.rounds):
        for name, job in jobs.items():
            started = time.perf_counter()
            job(turn % count)
            times[name].append(1000 * (time.perf_counter() - started))
    best = min(min(found) for name, found in times.items() if not name.startswith("acm"))
    rows = []
    for name, found in sorted(times.items(), key=lambda item: min(item[1])):
        load = loads.get(name, 1)
        rows.append([name_of(kind), precision, name, f"{load:.2f}", f"{min(found):.2f}", f"{statistics.median(found):.2f}",
                     f"{min(found) / best:.2f}"])
        print(*rows[-1], sep=" | ", flush=True)
    return rows


def name_of(kind) -> str:
    return {FeedForward: "feed-forward", Projection: "projection"}[kind]


def draw(rows: list[list], tokens: int, file: pathlib.Path) -> None:
    series: dict[str, list[tuple[float, float]]] = {}
    for module, precision, name, load, _, _, ratio in rows:
        if name.endswith("with the gate"):
            series.setdefault(f"{module}, {precision}", []).append((float(load), float(ratio)))
    plot.lines(file, title=f"Gated modules of a ViT-B on a CPU, {tokens:,} tokens, with the gate", across="load",
               up="time / fastest dense peer's", series=series, reference=[(0, 0), (1, 1)],
               reference_name="time = load", top=1.5)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--library", default=".build/native/libacm.so")
    parser.add_argument("--tokens", type=int, default=1576)
    parser.add_argument("--loads", type=float, nargs="+", default=[1, 0.75, 0.5, 0.25])
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--output", type=pathlib.Path)
    options = parser.parse_args()
    torch.ops.load_library(options.library)
    torch.set_num_threads(options.threads)
    header = ["module", "precision", "", "load", "ms, least", "median", "of the fastest dense peer"]
    print(*header, sep=" | ")
    rows = []
    with torch.inference_mode():
        for kind in (FeedForward, Projection):
            for precision in PRECISIONS:
                rows += measure(kind, precision, options)
    if options.output:
        import onnxruntime
        import openvino
        results.write(
            options.output, title=f"Modules of a ViT-B on a CPU, {options.tokens:,} tokens",
            command=f"Benchmarks/peers/modules.py --tokens {options.tokens} --threads {options.threads} --rounds "
                    f"{options.rounds}",
            versions={"torch": torch.__version__, "onnxruntime": onnxruntime.__version__,
                      "openvino": openvino.__version__.split("-")[0]},
            notes=f"Threads: {options.threads}; {options.rounds} rounds by turns. The last column is over the fastest peer of "
                  "the same module and precision.",
            tables=[{"header": header, "rows": rows}])
        draw(rows, options.tokens, options.output.with_suffix(".svg"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
