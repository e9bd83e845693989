#!/usr/bin/env python3
"""Trains with one process and with several, on as many GPUs (NCCL) or on the cores of one machine (Gloo).

    python3 Benchmarks/parallel.py [--acm .build/release/acm] [--device cuda] [--processes 2] \
        [--output Benchmarks/results/NAME.json]

Three parts, on a ViT-S/16 with random weights and random images:

- Weights: the three phases of `acm convert` in float32 with the same batches, in one process and in several. How far
  apart the weights are at the end, beside how far they moved.
- A killed process: the last one is killed after its first checkpoint. The others must end with exit code 74 and a
  sentence; started again, the run must come to the weights of an uninterrupted one.
- Speed: images per second of each phase, with the same batch for each process.

Needs torch, safetensors and transformers.
"""

import argparse
import json
import os
import pathlib
import socket
import subprocess
import sys
import tempfile
import time

import torch
import transformers
from safetensors.torch import load_file, save_file

import results

CLASSES = 100
WARM = 10  # steps that do not count
PHASES = {"distillation": "phase I", "gatePretraining": "phase II", "finetuning": "phase III"}


def start(processes: int, arguments: list[str]) -> list[subprocess.Popen]:
    """A run in so many processes, with the variables that torchrun sets for them."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    shared = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port), "WORLD_SIZE": str(processes)}
    own = [shared | {"RANK": str(rank), "LOCAL_RANK": str(rank)} if processes > 1 else {} for rank in range(processes)]
    return [subprocess.Popen(arguments, env=os.environ | variables, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                             text=True) for variables in own]


def run(processes: int, arguments: list[str]) -> None:
    for process in start(processes, arguments):
        errors = process.communicate()[1]
        if process.returncode:
            sys.exit(f"parallel: {' '.join(arguments)} ended with {process.returncode}: {errors.strip()}")


def optimisation(path: str, batch: int, steps: int) -> list[str]:
    return ["--set", f"{path}optimisation.batchSize={batch}", "--set", f"{path}optimisation.steps={steps}"]


def conversion(options, model: str, output: str, batch: int, steps: int, precision: str) -> list[str]:
    return [options.acm, "convert", model, "--data", options.data, "--split", "all", "--output", output,
            "--device", options.device, "--process-timeout", "120", "--set", f"precision={precision}",
            "--set", "calibrationSamples=0", "--set", "checkpointSteps=2",
            *(word for phase in PHASES for word in optimisation(f"{phase}.", batch, steps))]


def differences(first: str, second: str) -> tuple[float, float]:
    """The largest difference of two models' weights, and of the median tensor. Biases of keys, whose true gradient
    is nought, are left out: Adam moves them as rounding decides."""
    weights = [load_file(f"{folder}/model.safetensors") for folder in (first, second)]
    found = sorted((tensor - weights[1][name]).abs().max().item() for name, tensor in weights[0].items()
                   if not name.endswith("key.bias"))
    return found[-1], found[len(found) // 2]


def same_weights(options, scratch: str, model: str) -> dict:
    batch, steps = 8 * options.processes, 4
    for name, processes in (("one", 1), ("several", options.processes)):
        run(processes, conversion(options, model, f"{scratch}/{name}", batch, steps, "float32"))
    worst, median = differences(f"{scratch}/one", f"{scratch}/several")
    return {"header": ["weights after", "largest difference", "largest of the median tensor"],
            "rows": [[f"{steps} steps of each phase, batch {batch}", f"{worst:.1e}", f"{median:.1e}"]]}


def killed(options, scratch: str, model: str) -> dict:
    arguments = conversion(options, model, f"{scratch}/killed", 8 * options.processes, 4, "float32")
    programs = start(options.processes, arguments)
    while all(program.poll() is None for program in programs) and not os.path.exists(
            f"{scratch}/killed/checkpoint/state.json"):
        time.sleep(0.001)
    programs[-1].kill()
    began = time.monotonic()
    messages = [program.communicate()[1].strip() for program in programs]
    seconds = time.monotonic() - began
    codes = [program.returncode for program in programs]
    run(options.processes, arguments)
    worst, _ = differences(f"{scratch}/several", f"{scratch}/killed")
    return {"caption": f"The first process said: {messages[0].splitlines()[-1]}",
            "header": ["exit codes", "seconds until all had ended", "largest difference after the resumed run"],
            "rows": [[" ".join(map(str, codes)), round(seconds, 1), f"{worst:.1e}"]]}


def speeds(options, scratch: str, model: str, processes: int) -> dict[str, float]:
    """Images per second of each phase, as what more steps take."""
    batch, precision = options.batch * processes, "bfloat16" if options.device == "cuda" else "float32"

    def seconds(steps: int) -> dict[str, float]:
        folder = f"{scratch}/{processes}-{steps}"
        run(processes, [*conversion(options, model, folder, batch, steps, precision),
                        "--set", "checkpointSteps=100000"])
        return {PHASES[record["phase"]]: record["seconds"]
                for record in json.load(open(f"{folder}/results.json"))["phases"]}

    short, long = seconds(WARM), seconds(WARM + options.steps)
    return {phase: batch * options.steps / (long[phase] - short[phase]) for phase in long}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--acm", default=".build/release/acm")
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--batch", type=int, default=256, help="for each process")
    parser.add_argument("--steps", type=int, default=50)
    parser.add_argument("--pixels", type=int, default=224, help="of an image's side")
    parser.add_argument("--output", type=pathlib.Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        torch.manual_seed(0)
        options.data, vit, model = (f"{scratch}/{name}" for name in ("images.safetensors", "vit", "model"))
        save_file({"images": torch.randint(256, (2048, 3, options.pixels, options.pixels), dtype=torch.uint8),
                   "labels": torch.randint(CLASSES, (2048,))}, options.data,
                  metadata={"classes": "\n".join(f"class {n}" for n in range(CLASSES))})
        transformers.ViTModel(transformers.ViTConfig(
            hidden_size=384, num_attention_heads=6, intermediate_size=1536, image_size=options.pixels)).save_pretrained(vit)
        run(1, [options.acm, "train-dense", vit, "--data", options.data, "--split", "all", "--output", model,
                "--device", options.device, "--test-split", "none", *optimisation("", 8, 1)])
        tables = [same_weights(options, scratch, model), killed(options, scratch, model)]
        print(json.dumps(tables, indent=1), flush=True)
        one, several = (speeds(options, scratch, model, n) for n in (1, options.processes))
    rows = [[phase, round(one[phase], 1), round(several[phase], 1), f"{several[phase] / one[phase]:.2f}"]
            for phase in one]
    tables.append({"header": ["phase", "images/s, 1 process", f"images/s, {options.processes} processes", "ratio"],
                   "rows": rows})
    print(json.dumps(rows), flush=True)
    if options.output:
        gpu = f"{options.processes} x {torch.cuda.get_device_name()}" if options.device == "cuda" else None
        results.write(
            options.output, title="Training in several processes",
            command=f"python3 Benchmarks/parallel.py --device {options.device} --processes {options.processes} "
                    f"--batch {options.batch} --steps {options.steps} --pixels {options.pixels}",
            versions={"torch": torch.__version__}, hardware=gpu,
            notes="ViT-S/16 with random weights; weights are compared in float32.", tables=tables)
    return 0


if __name__ == "__main__":
    sys.exit(main())
