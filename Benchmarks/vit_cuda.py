#!/usr/bin/env python3
"""Times a whole ViT-B/16 on a CUDA device: dense and converted in acm, and dense in timm, eager and compiled.

    python3 Benchmarks/vit_cuda.py --acm ACM [--batches 1 8 128] [--budgets 1,0.75,0.5,0.25] [--attention flash cudnn]
        [--modules "feed-forwards" "all modules"] [--mode max-autotune] [--rounds 3] [--repeats 30]
        [--output Benchmarks/results/NAME.json]

Needs torch, timm and transformers, no network and no Swift: ACM is an executable built elsewhere, ACM_LIBRARY names
the native library (scripts/check-cuda shows how both are made). Everything runs in bfloat16 on random images, acm
with and without CUDA graphs, timm with torch.compile's "max-autotune", which uses CUDA graphs too ("reduce-overhead"
does so without the minutes of tuning). One converted model has learners and gates in the place of the feed-forwards,
the other of all projections, too; gates are random, but calibrated on random images, so that this is what time a load
takes. All take turns; the smallest of the rounds' medians counts, since what else runs on a machine only adds. What
is measured is written after each batch size. Energy is NVML's, the GPU's alone, where it is there (for timm with the
package nvidia-ml-py); memory is the most that tensors occupied, in timm after it has been compiled. What is made once
stays in the folder --work. With --device cpu --size tiny the same goes through in a minute, for a look at the script
itself.
"""

import argparse
import contextlib
import copy
import math
import os
import pathlib
import shlex
import statistics
import sys
import time
import typing

import timm.models
import torch
import transformers

import inductor
import results
import vit

SIZES = {
    "base": transformers.ViTConfig(),
    "tiny": transformers.ViTConfig(hidden_size=48, num_hidden_layers=2, num_attention_heads=3, intermediate_size=192,
                                   image_size=64),
}
Job = typing.Callable[[], typing.Any]


class Measured:
    """What one method took: the medians of the rounds in milliseconds, load, peak bytes, joules an image."""

    def __init__(self, load: float = 1):
        self.load, self.rounds, self.slowest = load, [], []
        self.memory: int | None = None
        self.joules: list[float] = []

    def row(self, name: str, batch: int, best: float) -> list:
        least = min(self.rounds)
        return [name, f"{self.load:.3f}", f"{least:.3f}", f"{statistics.median(self.rounds):.3f}",
                f"{statistics.median(self.slowest):.3f}", round(1000 * batch / least), f"{least / best:.2f}",
                "–" if self.memory is None else round(self.memory / 1e6),
                f"{min(self.joules):.4f}" if self.joules else "–"]


def counter() -> typing.Callable[[], float] | None:
    """Joules of the current device so far; None where NVML cannot be asked."""
    try:
        import pynvml
        pynvml.nvmlInit()
        handle = pynvml.nvmlDeviceGetHandleByUUID(f"GPU-{torch.cuda.get_device_properties().uuid}")
        pynvml.nvmlDeviceGetTotalEnergyConsumption(handle)
    except Exception as error:  # no package, no library, no counter
        print(f"vit_cuda: energy of timm is left out: {error}", file=sys.stderr)
        return None
    return lambda: pynvml.nvmlDeviceGetTotalEnergyConsumption(handle) / 1000


def attention(kind: str, device: str):
    from torch.nn.attention import SDPBackend, sdpa_kernel
    if device == "cpu":
        return contextlib.nullcontext()
    return sdpa_kernel({"flash": SDPBackend.FLASH_ATTENTION, "cudnn": SDPBackend.CUDNN_ATTENTION}[kind])


def peers(options, images: torch.Tensor) -> dict[str, Job]:
    sizes = SIZES[options.size]
    torch.manual_seed(0)
    model = timm.models.VisionTransformer(
        img_size=sizes.image_size, patch_size=sizes.patch_size, embed_dim=sizes.hidden_size,
        depth=sizes.num_hidden_layers, num_heads=sizes.num_attention_heads, num_classes=0,
    ).eval().to(options.device, torch.bfloat16)
    jobs = {}
    for kind in options.attention:
        # A model of its own: what is compiled keeps the attention that it was compiled with.
        compiled = torch.compile(copy.deepcopy(model), mode=options.mode)
        for name, one in (("eager", model), ("torch.compile", compiled)):
            def job(one=one, kind=kind):
                with attention(kind, options.device):
                    return one(images)
            jobs[f"timm, {name}, {kind} attention"] = job
    return jobs


def time_peer(job: Job, options, measured: Measured, batch: int, joules: typing.Callable[[], float] | None) -> None:
    def finish() -> None:
        if options.device == "cuda":
            torch.cuda.synchronize()

    job()
    finish()
    if options.device == "cuda" and measured.memory is None:
        torch.cuda.reset_peak_memory_stats()
        job()
        finish()
        measured.memory = torch.cuda.max_memory_allocated()
    times = []
    for _ in range(options.repeats):
        started = time.perf_counter()
        job()
        finish()
        times.append(1000 * (time.perf_counter() - started))
    measured.rounds.append(statistics.median(times))
    measured.slowest.append(statistics.quantiles(times, n=100, method="inclusive")[98])
    if joules is not None:  # of about a second, as acm does it
        count = max(1, math.ceil(1000 / measured.rounds[-1]))
        before = joules()
        for _ in range(count):
            job()
        finish()
        measured.joules.append((joules() - before) / count / batch)


def time_ours(options, models: dict[str, pathlib.Path], batch: int, found: dict[str, Measured]) -> None:
    for graph in ((False, True) if options.device == "cuda" else (False,)):
        written = vit.benchmark(
            options.acm, *models.values(), "--batch-sizes", batch, "--dtype", "bfloat16", "--device", options.device,
            "--budgets", options.budgets, "--repeats", options.repeats, *(["--graph"] if graph else []))
        for row in written["rows"]:
            name = f"acm, {list(models)[row['model']]}" + ("" if row["budget"] is None else f", budget {row['budget']}")
            measured = found.setdefault(name + (", CUDA graph" if graph else ""), Measured(row["load"]))
            measured.rounds.append(row["milliseconds"]["median"])
            measured.slowest.append(row["milliseconds"]["p99"])
            measured.memory = row["peak_memory_bytes"]
            if row["joules_per_sample"] is not None:
                measured.joules.append(row["joules_per_sample"])


def measure(options, models: dict[str, pathlib.Path], batch: int, joules) -> list[list]:
    sizes = SIZES[options.size]
    torch.compiler.reset()
    images = torch.randn(batch, 3, sizes.image_size, sizes.image_size, device=options.device, dtype=torch.bfloat16)
    found: dict[str, Measured] = {}
    jobs = peers(options, images)
    with torch.inference_mode():
        for job in jobs.values():
            for _ in range(3):  # compiles, tunes, records
                job()
        for _ in range(options.rounds):
            for name, job in jobs.items():
                time_peer(job, options, found.setdefault(name, Measured()), batch, joules)
            time_ours(options, models, batch, found)
    best = min(min(found[name].rounds) for name in jobs)
    rows = [[batch, *one.row(name, batch, best)]
            for name, one in sorted(found.items(), key=lambda item: min(item[1].rounds))]
    for row in rows:
        print(*row, sep=" | ", flush=True)
    return rows


def write(options, header: list[str], rows: list[list]) -> None:
    batches = " ".join(str(batch) for batch in dict.fromkeys(row[0] for row in rows))
    results.write(
        options.output, title=f"A whole ViT ({options.size}) in bfloat16, with random weights",
        command=f"python3 Benchmarks/vit_cuda.py --acm ACM --attention {' '.join(options.attention)} "
                f"--batches {batches} --modules {shlex.join(options.modules)} --budgets {options.budgets} "
                f"--mode {options.mode} --rounds {options.rounds} --repeats {options.repeats}",
        hardware=torch.cuda.get_device_name() if options.device == "cuda" else None,
        versions={"torch": torch.__version__, "timm": timm.__version__, "transformers": transformers.__version__},
        notes=f"{options.rounds} rounds by turns, {options.repeats} runs in each; \"least\" is the smallest median "
              "of a round, \"p99\" the median of the rounds'. Gates are random and calibrated: this is what time a "
              "load takes, not what quality.",
        tables=[{"header": header, "rows": rows}])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--acm", default=".build/release/acm")
    parser.add_argument("--work", type=pathlib.Path, default=pathlib.Path(".build/vit-work"))
    parser.add_argument("--device", choices=["cuda", "cpu"], default="cuda")
    parser.add_argument("--size", choices=SIZES, default="base")
    parser.add_argument("--batches", type=int, nargs="+", default=[1, 8, 128])
    parser.add_argument("--budgets", default="1,0.75,0.5,0.25")
    parser.add_argument("--attention", nargs="+", choices=["flash", "cudnn"], default=["flash"])
    parser.add_argument("--modules", nargs="+", choices=list(vit.CONVERTED), default=list(vit.CONVERTED))
    parser.add_argument("--mode", choices=["max-autotune", "reduce-overhead", "default"], default="max-autotune",
                        help="torch.compile's, for timm")
    parser.add_argument("--images", type=int, default=16, help="to calibrate the converted model on")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--repeats", type=int, default=30, help="in each round")
    parser.add_argument("--output", type=pathlib.Path)
    options = parser.parse_args()
    if options.repeats < 2:
        parser.error("--repeats must be at least 2")
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    # What was compiled and tuned for a batch size serves the next run, too.
    os.environ.setdefault("TORCHINDUCTOR_CACHE_DIR", str((options.work / "inductor").resolve()))
    inductor.be_quiet()
    dense, converted = vit.prepare(options.acm, options.work / options.size, SIZES[options.size], options.images,
                                   names=options.modules, device=options.device)
    models = {"dense": dense} | {f"{name} converted": folder for name, folder in converted.items()}
    joules = counter() if options.device == "cuda" else None
    header = ["batch", "", "load", "ms a batch, least", "median", "p99", "images/s", "of the best timm", "MB", "J an image"]
    print(*header, sep=" | ")
    rows = []
    for batch in options.batches:
        rows += measure(options, models, batch, joules)
        if options.output:
            write(options, header, rows)
    return 0


if __name__ == "__main__":
    sys.exit(main())
