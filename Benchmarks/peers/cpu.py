#!/usr/bin/env python3
"""Times a ViT-B/16 on the CPU: dense and converted in acm, and dense in what engineers would use instead.

    python3 -m venv .deps/peers && .deps/peers/bin/pip install -r Benchmarks/peers/requirements.txt
    .deps/peers/bin/python Benchmarks/peers/cpu.py [--batch 8] [--rounds 7] [--output Benchmarks/results/NAME.json]

All have the same random weights and as many threads as PyTorch takes; int8 peers are quantised by their own tools:
OpenVINO's by NNCF on random images, those of ONNX Runtime and PyTorch by the ranges that each pass has. The learners of
the converted models, with and without projections, are cut from the dense model and their gates random, calibrated on
random images: their choices differ by token, which is what the time depends on. Everybody is timed in rounds by turns;
the smallest of the rounds' medians counts, since what else runs on a machine only adds; "p99" is the median of the
rounds' own, which is their longest run where --repeats is small. What is made once stays in the folder --work. With
--output a plot is written beside it: time over that of the fastest dense peer against load, with the linear line.
"""

import argparse
import os
import pathlib
import statistics
import sys
import time
import typing

import numpy
import torch
import transformers

sys.path.append(str(pathlib.Path(__file__).parents[1]))
import plot  # noqa: E402
import results  # noqa: E402
import vit  # noqa: E402

SIZE = 224
Job = typing.Callable[[], None]


def pytorch(dense: pathlib.Path, images: torch.Tensor) -> dict[str, Job]:
    jobs = {}
    for name, dtype in (("float32", torch.float32), ("bfloat16", torch.bfloat16)):
        model = transformers.ViTModel.from_pretrained(dense, dtype=dtype).eval()
        batch = images.to(dtype)
        compiled = torch.compile(model)
        jobs[f"PyTorch eager, {name}"] = lambda model=model, batch=batch: model(batch)
        jobs[f"torch.compile, {name}"] = lambda model=compiled, batch=batch: model(batch)
    model = transformers.ViTModel.from_pretrained(dense).eval()
    quantised = torch.ao.quantization.quantize_dynamic(model, {torch.nn.Linear}, torch.qint8)
    jobs["PyTorch eager, int8"] = lambda: quantised(images)
    return jobs


def exported(dense: pathlib.Path, images: torch.Tensor, work: pathlib.Path) -> pathlib.Path:
    file = work / f"vit-b16-{len(images)}.onnx"
    if not file.exists():
        model = transformers.ViTModel.from_pretrained(dense).eval()
        torch.onnx.export(model, (images,), file, dynamo=True, external_data=True)
    return file


def onnx_runtime(file: pathlib.Path, images: torch.Tensor, threads: int) -> dict[str, Job]:
    import onnxruntime
    from onnxruntime.quantization import QuantType, quantize_dynamic
    from onnxruntime.quantization.shape_inference import quant_pre_process

    quantised = file.with_name(file.stem + "-int8.onnx")
    if not quantised.exists():
        prepared = file.with_name(file.stem + "-prepared.onnx")
        quant_pre_process(file, prepared, skip_symbolic_shape=True, save_as_external_data=True)
        quantize_dynamic(prepared, quantised, weight_type=QuantType.QInt8, per_channel=True,
                         use_external_data_format=True)
    settings = onnxruntime.SessionOptions()
    settings.intra_op_num_threads = threads
    jobs = {}
    for name, path in (("float32", file), ("int8", quantised)):
        session = onnxruntime.InferenceSession(path, settings, providers=["CPUExecutionProvider"])
        feed = {session.get_inputs()[0].name: images.numpy()}
        jobs[f"ONNX Runtime, {name}"] = lambda session=session, feed=feed: session.run(None, feed)
    return jobs


def openvino_runtime(file: pathlib.Path, images: torch.Tensor, threads: int) -> dict[str, Job]:
    import nncf
    import openvino

    core = openvino.Core()
    model = core.read_model(file)
    saved = file.with_name(file.stem + "-int8.xml")
    if not saved.exists():
        samples = nncf.Dataset([numpy.random.rand(*images.shape).astype(numpy.float32) for _ in range(4)])
        openvino.save_model(nncf.quantize(model, samples, model_type=nncf.ModelType.TRANSFORMER), saved)
    jobs = {}
    for name, network, precision in (("float32", model, "f32"), ("bfloat16", model, "bf16"),
                                     ("int8", core.read_model(saved), "f32"),
                                     ("int8 and bfloat16", core.read_model(saved), "bf16")):
        compiled = core.compile_model(network, "CPU", {
            "INFERENCE_NUM_THREADS": threads, "INFERENCE_PRECISION_HINT": precision, "PERFORMANCE_HINT": "LATENCY"})
        request = compiled.create_infer_request()
        jobs[f"OpenVINO, {name}"] = lambda request=request: request.infer([images.numpy()])
    return jobs


def ours(options, folder: pathlib.Path, dtype: str, threads: int) -> dict[float | None, dict]:
    written = vit.benchmark(options.acm, folder, "--batch-sizes", options.batch, "--dtype", dtype, "--budgets",
                            options.budgets, "--repeats", options.repeats, "--threads", threads)
    return {row["budget"]: row for row in written["rows"]}


class Measured(typing.NamedTuple):
    name: str
    load: float
    medians: list[float]  # of the rounds, in milliseconds
    slowest: list[float]  # their 99th percentiles

    @property
    def precision(self) -> str:
        return next(dtype for dtype in ("int8", "bfloat16", "float32") if dtype in self.name)


def measure(options) -> list[Measured]:
    threads = torch.get_num_threads()
    dense, converted = vit.prepare(options.acm, options.work, transformers.ViTConfig(), options.images)
    images = torch.randn(options.batch, 3, SIZE, SIZE)
    file = exported(dense, images, options.work)
    jobs = pytorch(dense, images) | onnx_runtime(file, images, threads) | openvino_runtime(file, images, threads)
    found: dict[str, Measured] = {}

    def add(name: str, load: float, median: float, p99: float) -> None:
        one = found.setdefault(name, Measured(name, load, [], []))
        one.medians.append(median)
        one.slowest.append(p99)

    with torch.inference_mode():
        for job in jobs.values():
            job()
        for _ in range(options.rounds):
            for name, job in jobs.items():
                job()
                once = []
                for _ in range(options.repeats):
                    started = time.perf_counter()
                    job()
                    once.append(1000 * (time.perf_counter() - started))
                add(name, 1, statistics.median(once), statistics.quantiles(once, n=100, method="inclusive")[98])
            for dtype in ("float32", "bfloat16", "int8"):
                for kind, folder in {"dense": dense, **converted}.items():
                    for budget, row in ours(options, folder, dtype, threads).items():
                        name = f"acm {dtype}, {kind}" + ("" if budget is None else f", budget {budget}")
                        add(name, row["load"], row["milliseconds"]["median"], row["milliseconds"]["p99"])
            print({name: round(min(one.medians), 1) for name, one in found.items()}, flush=True)
    return list(found.values())


def draw(found: list[Measured], best: dict[str, float], batch: int, file: pathlib.Path) -> None:
    series: dict[str, list[tuple[float, float]]] = {}
    for one in found:
        if "budget" in one.name:
            name = one.name.removeprefix("acm ").partition(", budget")[0]
            series.setdefault(name, []).append((one.load, min(one.medians) / best[one.precision]))
    plot.lines(file, title=f"Converted ViT-B/16 on a CPU, batch {batch}", across="load", up="time / fastest dense peer's",
               series=series, reference=[(0, 0), (1, 1)], reference_name="time = load", top=1.5)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--acm", default=".build/release/acm")
    parser.add_argument("--work", type=pathlib.Path, default=pathlib.Path(".deps/peers-work"))
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--images", type=int, default=16, help="to calibrate the converted model on")
    parser.add_argument("--budgets", default="1,0.75,0.5,0.25")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--repeats", type=int, default=3, help="in each round")
    parser.add_argument("--output", type=pathlib.Path)
    options = parser.parse_args()
    if options.repeats < 2:
        parser.error("--repeats must be at least 2")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    transformers.logging.set_verbosity_error()
    found = sorted(measure(options), key=lambda one: min(one.medians))
    best: dict[str, float] = {}
    for one in found:
        if not one.name.startswith("acm"):
            best.setdefault(one.precision, min(one.medians))  # the fastest comes first
    rows = []
    for one in found:
        times = min(one.medians), statistics.median(one.medians), statistics.median(one.slowest)
        rows.append([one.name, round(one.load, 3), *(round(time / options.batch, 1) for time in times),
                     round(times[0] / best[one.precision], 2)])
        print(*rows[-1], sep=" | ")
    if options.output:
        import onnxruntime
        import openvino
        results.write(
            options.output, title=f"ViT-B/16 on a CPU, batch {options.batch}",
            command="Benchmarks/peers/cpu.py " + " ".join(sys.argv[1:]),
            versions={"torch": torch.__version__, "onnxruntime": onnxruntime.__version__,
                      "openvino": openvino.__version__.split("-")[0]},
            notes=f"{torch.get_num_threads()} threads, {options.rounds} rounds by turns; random weights. The last column "
                  "is over the fastest peer of the same precision.",
            tables=[{"header": ["", "load", "ms an image, least", "median", "p99", "of the best peer"], "rows": rows}])
        draw(found, best, options.batch, options.output.with_suffix(".svg"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
