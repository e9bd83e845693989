#!/usr/bin/env python3
"""Converts one dense classifier in many ways, at equal training, and says what each way is worth.

    python3 Benchmarks/ablation.py Benchmarks/ablation/text.yaml .deps/minilm --data wordnet.tsv --work ablation-text \
        --seeds 0,1,2 --jobs 6 --device cuda --output Benchmarks/results/ablation_text_h200_202611.json
    python3 Benchmarks/ablation.py Benchmarks/ablation/vision.yaml Examples/glyphs/vit-s --work ablation-vision \
        --data glyphs/train.safetensors --test-data glyphs/test.safetensors --device cuda

The task file says how `acm train-dense` makes a dense classifier of MODEL, and names variants of the options of `acm
convert`, or of a command of `acm baseline`. Each variant is converted and measured once for each seed, some side by side: a GPU wants NVIDIA's
multi-process service for it. What is done stays in the folder --work: called again the script goes on, and with
--report it only writes the tables of what is there. Differences are between paired samples: of each sample the mean
over the seeds, and their standard error over the samples, which does not tell of how seeds differ. Needs PyYAML.
"""

import argparse
import concurrent.futures
import csv
import json
import math
import os
import pathlib
import re
import shutil
import statistics
import subprocess
import time

import yaml

import results


class Run:
    """One conversion and what it measured."""

    def __init__(self, work: pathlib.Path, variant: str, seed: int):
        self.variant, self.seed = variant, seed
        self.folder = work / f"{re.sub(r'[^a-z0-9.]+', '-', variant.lower())}-{seed}"
        self.report = self.folder / "evaluation"

    @property
    def is_done(self) -> bool:
        return (self.report / "predictions.tsv").exists()

    def rows(self) -> dict[float, dict]:
        """By the budget; a dense model's is 1."""
        measured = json.loads((self.report / "results.json").read_text())["results"]
        return {1.0 if row["budget"] is None else row["budget"]: row for row in measured}

    def correct(self) -> dict[float, list[bool]]:
        """Of each sample, by the budget."""
        with open(self.report / "predictions.tsv") as file:
            table = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
        names = [name for name in table[0] if name != "label"]
        return {1.0 if name == "dense" else float(name): [row[name] == row["label"] for row in table]
                for name in names}


def merged(options: dict, changes: dict) -> dict:
    both = dict(options)
    for key, value in changes.items():
        both[key] = merged(both.get(key, {}), value) if isinstance(value, dict) else value
    return both


def is_uniform(variant: dict) -> bool:
    return "uniformLearners" in variant.get("options", {})


def train(task: dict, arguments: argparse.Namespace) -> None:
    """Makes the dense classifier that all variants start from, if it is not there."""
    if not (arguments.base / "config.json").exists():
        subprocess.run(
            [arguments.acm, "train-dense", arguments.model, "--data", arguments.data, "--output", arguments.base,
             "--config", task["dense"], "--test-split", "none", "--device", arguments.device], check=True)


def command(variant: dict, run: Run, task: dict, arguments: argparse.Namespace, output: pathlib.Path) -> list:
    """What makes the variant, with its options in a file."""
    if variant.get("baseline") == "tome":  # learns nothing
        return ["baseline", "tome", arguments.base, "--output", output]
    config = run.folder / "options.yaml"
    baseline = variant.get("baseline")
    options = merged(task["baselines"][baseline] if baseline else task["options"], variant.get("options", {}))
    if baseline:
        options["task"] = task["task"] | options.get("task", {}) | {"seed": run.seed}
    else:
        options["seed"] = run.seed
    config.write_text(yaml.safe_dump(options))
    return [*(["baseline", baseline] if baseline else ["convert"]), arguments.base, "--data", arguments.data,
            "--output", output, "--config", config, *variant.get("arguments", []), "--device", arguments.device,
            "--threads", str(threads(arguments))]


def threads(arguments: argparse.Namespace) -> int:
    """Of each of the commands that run side by side."""
    return max(1, os.cpu_count() // arguments.jobs)


def carry_out(run: Run, task: dict, arguments: argparse.Namespace) -> str:
    """Converts and measures; gives a line that says what came of it."""
    if time.monotonic() > arguments.end:
        return f"{run.folder.name}: no time left"
    run.folder.mkdir(parents=True, exist_ok=True)
    measured = run.folder / "model"
    commands = []
    variant = task["variants"].get(run.variant)
    if variant is None:
        measured = arguments.base
    else:
        commands.append(command(variant, run, task, arguments, measured))
    variant = variant or {}
    budgets = variant.get("budgets", [1] if is_uniform(variant) else task["budgets"])
    commands.append(["evaluate", measured, "--data", arguments.test_data or arguments.data, "--report", run.report,
                     "--budgets", ",".join(map(str, budgets)), "--batch-size", str(task["batch_size"]),
                     "--device", arguments.device, "--threads", str(threads(arguments))])
    # Batches of many lengths would leave memory in pieces of many sizes, which the other conversions lack.
    environment = {"PYTORCH_CUDA_ALLOC_CONF": "expandable_segments:True"} | os.environ
    started = time.monotonic()
    with open(run.folder / "log.txt", "w") as log:
        for words in commands:
            status = subprocess.run(
                [arguments.acm, *words], stdout=log, stderr=subprocess.STDOUT, env=environment).returncode
            if status != 0:
                return f"{run.folder.name}: acm {words[0]} ended with {status}, see {run.folder}/log.txt"
    if measured != arguments.base:
        if (measured / "results.json").exists():
            shutil.copy(measured / "results.json", run.folder / "conversion.json")
        if not arguments.keep:
            (measured / "model.safetensors").unlink()
    return f"{run.folder.name}: {time.monotonic() - started:.0f} s"


def difference(ours: list[list[bool]], others: list[list[bool]]) -> tuple[float, float]:
    """The mean difference of accuracies over paired samples in points, and its standard error."""
    def means(runs):
        return [statistics.fmean(sample) for sample in zip(*runs)]

    differences = [100 * (a - b) for a, b in zip(means(ours), means(others))]
    return statistics.fmean(differences), statistics.stdev(differences) / math.sqrt(len(differences))


def report(task: dict, runs: list[Run], arguments: argparse.Namespace) -> list[dict]:
    done: dict[str, list[Run]] = {}
    for run in runs:
        if run.is_done:
            done.setdefault(run.variant, []).append(run)
    rows = {variant: [run.rows() for run in group] for variant, group in done.items()}
    correct = {variant: [run.correct() for run in group] for variant, group in done.items()}
    dense = rows["dense"][0][1.0]
    reference = task["reference"]

    def mean(variant, budget, get):
        return statistics.fmean(get(row[budget]) for row in rows[variant])

    def shown(pair):
        return f"{pair[0]:+.2f} ± {pair[1]:.2f}"

    frontier = []
    for variant in ["dense", *task["variants"]]:
        for budget in rows[variant][0] if variant in rows else []:
            accuracies = [100 * row[budget]["classes"]["top1"] for row in rows[variant]]
            cells = [variant, "" if variant == "dense" else budget, f"{mean(variant, budget, lambda r: r['load']):.3f}",
                     f"{mean(variant, budget, lambda r: r['macs']) / dense['macs']:.3f}",
                     f"{statistics.fmean(accuracies):.2f}",
                     f"{min(accuracies):.2f}–{max(accuracies):.2f}" if len(accuracies) > 1 else "", len(accuracies)]
            # A cut has no budgets; `compare` says what it stands against.
            is_beside = (variant not in ("dense", reference) and not is_uniform(task["variants"][variant])
                         and reference in correct and budget in correct[reference][0])
            frontier.append([*cells, shown(difference(
                *([run[budget] for run in correct[name]] for name in (variant, reference)))) if is_beside else ""])
    pairs = [
        [f"{ours}, budget {budget}", other if other == "dense" else f"{other}, budget {other_budget}",
         shown(difference([run[budget] for run in correct[ours]], [run[other_budget] for run in correct[other]]))]
        for ours, budget, other, other_budget in task["compare"] if ours in correct and other in correct]
    samples = dense["classes"]["samples"]
    return [
        {"caption": f"Accuracy in % on {samples} held-out samples; `cost` is all multiply-accumulates over the dense "
                    f"model's. The last column is the difference to `{reference}` at the same budget, in points.",
         "header": ["variant", "budget", "load", "cost", "accuracy", "seeds' range", "seeds", "difference"],
         "rows": frontier},
        {"caption": "Differences in points between paired samples.", "header": ["", "against", "difference"],
         "rows": pairs},
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("task", type=pathlib.Path)
    parser.add_argument("model", type=pathlib.Path)
    parser.add_argument("--data", required=True)
    parser.add_argument("--test-data", help="if the held-out samples lie elsewhere")
    parser.add_argument("--work", type=pathlib.Path, required=True)
    parser.add_argument("--acm", default=".build/release/acm")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--seeds", default="0")
    parser.add_argument("--variants", help="names by commas, instead of all")
    parser.add_argument("--jobs", type=int, default=1, help="conversions side by side")
    parser.add_argument("--minutes", type=float, default=math.inf, help="start nothing later than so")
    parser.add_argument("--keep", action="store_true", help="keep the converted models' weights")
    parser.add_argument("--report", action="store_true", help="only write what is there")
    parser.add_argument("--output", type=pathlib.Path)
    arguments = parser.parse_args()
    arguments.base = arguments.work / "base"
    arguments.end = time.monotonic() + 60 * arguments.minutes
    task = yaml.safe_load(arguments.task.read_text())
    chosen = arguments.variants.split(",") if arguments.variants else list(task["variants"])
    if unknown := [name for name in chosen if name not in task["variants"]]:
        parser.error(f"{arguments.task} has no variant {unknown[0]}")
    seeds = [int(seed) for seed in arguments.seeds.split(",")]
    runs = [Run(arguments.work, "dense", 0)]
    runs += [Run(arguments.work, variant, seed) for seed in seeds for variant in chosen]
    if not arguments.report:
        train(task, arguments)
        with concurrent.futures.ThreadPoolExecutor(arguments.jobs) as pool:
            waiting = [pool.submit(carry_out, run, task, arguments) for run in runs if not run.is_done]
            for future in concurrent.futures.as_completed(waiting):
                print(future.result(), flush=True)
    tables = report(task, runs, arguments)
    if arguments.output:
        where = json.loads(next(arguments.work.glob("*/conversion.json")).read_text())
        results.write(
            arguments.output, title=task["title"], tables=tables, hardware=where["device"].get("model"),
            versions={"libtorch": where["versions"]["libtorch"]}, notes=task["notes"],
            command=f"python3 Benchmarks/ablation.py {arguments.task} {arguments.model} --data {arguments.data} "
                    + (f"--test-data {arguments.test_data} " if arguments.test_data else "")
                    + f"--work WORK --seeds {arguments.seeds} --device {arguments.device}")
    else:
        for table in tables:
            print(table["caption"])
            for row in [table["header"], *table["rows"]]:
                print("\t".join(map(str, row)))


if __name__ == "__main__":
    main()
