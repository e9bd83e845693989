#!/usr/bin/env python3
"""From the start of a process to the first answer of a ViT-B/16 on the CPU, the process's peak memory, and its times at
steady load: acm, and what engineers would use instead.

    .deps/peers/bin/python Benchmarks/peers/start.py [--batch 1] [--rounds 5] [--requests 300]
        [--output Benchmarks/results/NAME.json]

The environment and the models, made once in the folder --work, are those of cpu.py; a request is --batch images. Each start is
a new process that loads the model, answers one request and ends, whose weights the system has in memory from the turn
before; processes take turns, and the shortest counts. Memory is the largest resident set, mapped files included. Then
each answers --requests one after the other. That ours takes no more memory with every request is tested
(Tests/AdaptiveComputationTests/SteadyStateTests.swift).
"""

import argparse
import json
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

import safetensors.torch
import torch
import transformers

sys.path[:0] = [str(pathlib.Path(__file__).parents[1]), str(pathlib.Path(__file__).parent)]
import cpu  # noqa: E402
import results  # noqa: E402
import vit  # noqa: E402

# A process of each peer: loads what it is given, answers requests, and prints their milliseconds as JSON.
PREAMBLE = """
import json, sys, time
import numpy
file, precision = sys.argv[1:3]
threads, batch, requests = map(int, sys.argv[3:])
images = numpy.random.default_rng(0).standard_normal((batch, 3, 224, 224), dtype=numpy.float32)
"""
LOADING = {
    "PyTorch eager": """
import torch, transformers
torch.set_num_threads(threads)
dtype = getattr(torch, precision)
model = transformers.ViTModel.from_pretrained(file, dtype=dtype).eval()
pixels = torch.from_numpy(images).to(dtype)
def answer():
    with torch.inference_mode():
        return model(pixels).last_hidden_state.sum().item()
""",
    "ONNX Runtime": """
import onnxruntime
settings = onnxruntime.SessionOptions()
settings.intra_op_num_threads = threads
session = onnxruntime.InferenceSession(file, settings, providers=["CPUExecutionProvider"])
name = session.get_inputs()[0].name
def answer():
    return session.run(None, {name: images})
""",
    "OpenVINO": """
import openvino
request = openvino.Core().compile_model(file, "CPU", {
    "INFERENCE_NUM_THREADS": threads, "INFERENCE_PRECISION_HINT": precision, "PERFORMANCE_HINT": "LATENCY"}
).create_infer_request()
def answer():
    return request.infer([images])
""",
}
ANSWERS = """
times = []
for _ in range(requests):
    started = time.perf_counter()
    answer()
    times.append(1000 * (time.perf_counter() - started))
print(json.dumps(times))
"""


# A process that is started counts the memory of the one that started it, until it has more: this one has little.
STARTER = """
import json, resource, subprocess, sys, time
started = time.perf_counter()
done = subprocess.run(sys.argv[1:], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
seconds = time.perf_counter() - started
peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024
print(json.dumps([done.returncode, seconds, peak, done.stdout.decode()]))
"""


def finished(command: list) -> tuple[float, int, str]:
    """Seconds from start to end of a process, its largest resident set in bytes, and what it wrote."""
    starter = subprocess.run([sys.executable, "-S", "-c", STARTER, *map(str, command)], check=True, capture_output=True)
    status, seconds, memory, text = json.loads(starter.stdout)
    if status != 0:
        raise RuntimeError(f"{command[0]} ended with status {status}")
    return seconds, memory, text


def peers(dense: pathlib.Path, options) -> dict[str, list]:
    """The command of each, which takes the number of requests last."""
    images = torch.randn(options.batch, 3, cpu.SIZE, cpu.SIZE)
    onnx = cpu.exported(dense, images, options.work)
    cpu.onnx_runtime(onnx, images, options.threads)  # they write the int8 models
    cpu.openvino_runtime(onnx, images, options.threads)
    kinds = [("PyTorch eager", "float32", dense, "float32"), ("PyTorch eager", "bfloat16", dense, "bfloat16"),
             ("ONNX Runtime", "float32", onnx, ""), ("ONNX Runtime", "int8", onnx.with_name(onnx.stem + "-int8.onnx"), ""),
             ("OpenVINO", "float32", onnx, "f32"), ("OpenVINO", "bfloat16", onnx, "bf16"),
             ("OpenVINO", "int8", onnx.with_name(onnx.stem + "-int8.xml"), "f32")]
    return {f"{name}, {precision}": [sys.executable, "-c", PREAMBLE + LOADING[name] + ANSWERS, file, hint, options.threads,
                                     options.batch]
            for name, precision, file, hint in kinds}


def ours(dense: pathlib.Path, converted: dict[str, pathlib.Path]) -> dict[str, tuple[pathlib.Path, str, float]]:
    cases = {f"acm {dtype}, dense": (dense, dtype, 1.0) for dtype in ("float32", "bfloat16", "int8")}
    for dtype in ("float32", "bfloat16", "int8"):
        for kind, folder in converted.items():
            cases[f"acm {dtype}, {kind}, budget 0.5"] = folder, dtype, 0.5
    return cases


def starts(options, dense: pathlib.Path, converted: dict[str, pathlib.Path], commands: dict[str, list]) -> list[list]:
    found: dict[str, tuple[list[float], list[int]]] = {}
    with tempfile.TemporaryDirectory() as scratch:
        request, answer = pathlib.Path(scratch) / "request.safetensors", pathlib.Path(scratch) / "answer.safetensors"
        safetensors.torch.save_file({"pixel_values": torch.randn(options.batch, 3, cpu.SIZE, cpu.SIZE)}, request)
        processes = {
            name: [options.acm, "run", folder, "--input", request, "--output", answer, "--dtype", dtype, "--budget", budget,
                   "--threads", options.threads]
            for name, (folder, dtype, budget) in ours(dense, converted).items()}
        processes |= {name: [*command, 1] for name, command in commands.items()}
        for turn in range(options.rounds + 1):
            for name, command in processes.items():
                seconds, memory, _ = finished(command)
                if turn > 0:  # the first brings the files to memory
                    times, peaks = found.setdefault(name, ([], []))
                    times.append(seconds)
                    peaks.append(memory)
    return [[name, f"{min(times):.2f}", f"{statistics.median(times):.2f}", round(max(peaks) / 1e6)]
            for name, (times, peaks) in sorted(found.items(), key=lambda item: min(item[1][0]))]


def steady(options, dense: pathlib.Path, converted: dict[str, pathlib.Path], commands: dict[str, list]) -> list[list]:
    rows = []

    def add(name: str, median: float, p99: float) -> None:
        rows.append([name, f"{median:.1f}", f"{p99:.1f}", f"{p99 / median:.2f}"])
        print(*rows[-1], sep=" | ", flush=True)

    for name, (folder, dtype, budget) in ours(dense, converted).items():
        written = vit.benchmark(options.acm, folder, "--batch-sizes", options.batch, "--dtype", dtype, "--budgets", budget, "--repeats",
                                options.requests, "--threads", options.threads, "--no-energy")
        times = written["rows"][0]["milliseconds"]
        add(name, times["median"], times["p99"])
    for name, command in commands.items():
        times = json.loads(finished([*command, options.requests])[2])[1:]
        add(name, statistics.median(times), statistics.quantiles(times, n=100, method="inclusive")[98])
    return sorted(rows, key=lambda row: float(row[1]))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--acm", default=".build/release/acm")
    parser.add_argument("--work", type=pathlib.Path, default=pathlib.Path(".deps/peers-work"))
    parser.add_argument("--batch", type=int, default=1)
    parser.add_argument("--images", type=int, default=16, help="to calibrate the converted models on")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--requests", type=int, default=300)
    parser.add_argument("--output", type=pathlib.Path)
    options = parser.parse_args()
    if options.rounds < 1 or options.requests < 20:
        parser.error("--rounds must be at least 1 and --requests at least 20")
    transformers.logging.set_verbosity_error()
    dense, converted = vit.prepare(options.acm, options.work, transformers.ViTConfig(), options.images)
    commands = peers(dense, options)
    first = starts(options, dense, converted, commands)
    for row in first:
        print(*row, sep=" | ")
    tables = [{"caption": "From start to end of a process that answers one request.",
               "header": ["", "s, least", "median", "peak, MB"], "rows": first},
              {"caption": f"{options.requests} requests, one after the other.",
               "header": ["", "p50, ms", "p99", "p99 / p50"],
               "rows": steady(options, dense, converted, commands)}]
    if options.output:
        import onnxruntime
        import openvino
        results.write(
            options.output, title="ViT-B/16 on a CPU: start, memory and steady load",
            command=f"Benchmarks/peers/start.py --threads {options.threads} --batch {options.batch} --rounds "
                    f"{options.rounds} --requests {options.requests}",
            versions={"torch": torch.__version__, "onnxruntime": onnxruntime.__version__,
                      "openvino": openvino.__version__.split("-")[0]},
            notes=f"{options.threads} threads, batch {options.batch}, random weights.", tables=tables)
    return 0


if __name__ == "__main__":
    sys.exit(main())
