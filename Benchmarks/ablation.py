#!/usr/bin/env python3
"""Converts one dense model in many ways, at equal training, and says what each way is worth.

    python3 Benchmarks/ablation.py Benchmarks/ablation/text.yaml .deps/minilm --data wordnet.tsv --work ablation-text \
        --seeds 0,1,2 --jobs 6 --device cuda --output Benchmarks/results/ablation_text_h200_202611.json
    python3 Benchmarks/ablation.py Benchmarks/ablation/vision.yaml Examples/glyphs/vit-s --work ablation-vision \
        --data glyphs/train.safetensors --test-data glyphs/test.safetensors --device cuda

The task file says how `acm train-dense` makes a dense model of MODEL (`dense`; without it MODEL is the dense one, and
is measured beside each variant), and names variants of the options of `acm convert`, or of a command of `acm
baseline`; with `figure` its lines are drawn beside --output. Each variant is converted and measured once for each
seed, some side by side: a GPU wants NVIDIA's multi-process service for it (`scripts/study-cuda`). What is done stays
in the folder --work: called again the script goes on, and with --report it only writes the tables of what is there.
Differences are between paired samples: of each sample the mean over the seeds, and their standard error over the
samples, which does not tell of how seeds differ. Classifiers are judged by their accuracy, recognisers by their word
error rate, features by their cosine with the dense model's. With --time the models of the first seed are then timed
with nothing beside them, in turns, on batches of like length of the test data, in bfloat16. With --corruptions the
variants that the task names for it are measured on corrupted images, too. Where only times are wanted, which hang on
what runs and not on what was learnt, --steps makes every training short and --samples calibrates and measures on some
of the samples; such runs need a --work of their own. Needs PyYAML.
"""

import argparse
import array
import concurrent.futures
import csv
import json
import math
import os
import pathlib
import re
import shlex
import shutil
import statistics
import subprocess
import time

import yaml

import plot
import results


class Run:
    """One conversion and what it measured."""

    def __init__(self, work: pathlib.Path, variant: str, seed: int):
        self.variant, self.seed = variant, seed
        self.folder = work / f"{re.sub(r'[^a-z0-9.]+', '-', variant.lower())}-{seed}"
        self.report = self.folder / "evaluation"

    @property
    def is_done(self) -> bool:
        return ((self.report / "results.json").exists()
                and any((self.report / name).exists() for name in ("samples.safetensors", "predictions.tsv")))

    def results(self) -> dict:
        return json.loads((self.report / "results.json").read_text())

    def rows(self) -> dict[float, dict]:
        """By the budget; a dense model's is 1."""
        results = self.results()
        if "budgets" in results:
            return {row["budget"]: self.timed(row, "milliseconds_per_sample") for row in results["budgets"]}
        return {1.0 if row["budget"] is None else row["budget"]: row for row in results["results"]}

    def timed(self, row: dict, key: str) -> dict:
        seconds = self.results().get("mean_seconds")
        return row | ({"real_time_factor": row[key] / 1000 / seconds} if seconds else {})

    def scores(self) -> dict[float, list[tuple[float, float]]]:
        """By the budget; a dense model's are 1, where nothing was measured beside it."""
        of_runs = self.scores_of_runs()
        return {1.0 if name == "dense" else float(name): scores for name, scores in of_runs.items()
                if name != "dense" or len(of_runs) == 1}

    def scores_of_runs(self) -> dict[str, list[tuple[float, float]]]:
        """Of each sample 1 if it is right and 1, its wrong words and its words, or its cosine and 1."""
        name = measure(next(iter(self.rows().values())))
        if name == "accuracy":
            with open(self.report / "predictions.tsv") as file:
                table = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
            return {run: [(row[run] == row["label"], 1) for row in table] for run in table[0] if run != "label"}
        runs, tensors = samples(self.report / "samples.safetensors")
        if name == "word error rate":
            return {run: list(zip(tensors[f"{place}.word_errors"], tensors[f"{place}.words"]))
                    for place, run in enumerate(runs)}
        return {run: [(1, 1)] * self.results()["samples"] if run == "dense"
                else [(cosine, 1) for cosine in tensors[f"{place}.cosine"]] for place, run in enumerate(runs)}


class DenseRun(Run):
    """The dense model as it was measured beside a conversion."""

    def __init__(self, work: pathlib.Path, variant: str, seed: int):
        super().__init__(work, variant, seed)
        self.variant = "dense"

    def rows(self) -> dict[float, dict]:
        results = self.results()
        time = results["budgets"][0]["dense_milliseconds_per_sample"]
        row = results["dense"] | {"load": 1, "milliseconds": time}
        return {1.0: self.timed(row | {"mean_cosine": 1}, "milliseconds")}

    def scores(self) -> dict[float, list[tuple[float, float]]]:
        return {1.0: self.scores_of_runs()["dense"]}


def samples(file: pathlib.Path) -> tuple[list[str], dict[str, array.array]]:
    """The names of the runs, and the float32 tensors of a samples.safetensors."""
    content = file.read_bytes()
    start = 8 + int.from_bytes(content[:8], "little")
    header = json.loads(content[8:start])
    runs = header.pop("__metadata__")["runs"].split(",")
    tensors = {}
    for name, entry in header.items():
        if entry["dtype"] == "F32":
            first, last = entry["data_offsets"]
            tensors[name] = array.array("f", content[start + first:start + last])
    return runs, tensors


def measure(row: dict) -> str:
    return "word error rate" if row.get("errors") else "accuracy" if row.get("classes") else "cosine"


def quality(row: dict) -> float:
    """In %."""
    return 100 * (row["errors"]["word_error_rate"] if row.get("errors") else row["classes"]["top1"] if row.get("classes")
                  else row["mean_cosine"])


def merged(options: dict, changes: dict) -> dict:
    both = dict(options)
    for key, value in changes.items():
        both[key] = merged(both.get(key, {}), value) if isinstance(value, dict) else value
    return both


def shortened(options: dict, arguments: argparse.Namespace) -> dict:
    """The same with the steps that were asked for in place of all epochs but none, of no larger batches than `--samples`."""
    if arguments.steps is None:
        return options
    short = {key: shortened(value, arguments) if isinstance(value, dict) else value for key, value in options.items()}
    if short.get("epochs", 0) > 0:
        del short["epochs"]
        short["steps"] = arguments.steps
        short["batchSize"] = min(short["batchSize"], arguments.samples or short["batchSize"])
    return short


def is_uniform(variant: dict) -> bool:
    return "uniformLearners" in variant.get("options", {})


def train(task: dict, arguments: argparse.Namespace) -> None:
    """Makes the dense model that all variants start from, if it is not there."""
    if not (arguments.base / "config.json").exists():
        subprocess.run(
            [arguments.acm, "train-dense", arguments.model, "--data", arguments.data, "--output", arguments.base,
             "--config", task["dense"], "--test-split", "none", "--device", arguments.device,
             *(["--set", f"optimisation.steps={arguments.steps}"] if arguments.steps is not None else [])], check=True)


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
        if arguments.samples:
            options["calibrationSamples"] = arguments.samples
    config.write_text(yaml.safe_dump(shortened(options, arguments)))
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
    elif not (measured / "config.json").exists():  # else it was stopped while it was measured
        commands.append(command(variant, run, task, arguments, measured))
    variant = variant or {}
    budgets = variant.get("budgets", [1] if is_uniform(variant) else task["budgets"])
    commands.append(["evaluate", measured, "--data", arguments.test_data or arguments.data, "--report", run.report,
                     "--budgets", ",".join(map(str, budgets)), "--batch-size", str(task["batch_size"]),
                     "--device", arguments.device, "--threads", str(threads(arguments)),
                     *(["--no-timing"] if "dense" in task else ["--dense", arguments.base]),
                     *(["--samples", str(arguments.samples)] if arguments.samples else []), *task.get("evaluate", [])])
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
        is_needed = arguments.time or arguments.corruptions and run.variant in task["corruptions"]["variants"]
        if run.variant not in arguments.keep.split(",") and not (is_needed and run.seed == arguments.first_seed):
            (measured / "model.safetensors").unlink()
    return f"{run.folder.name}: {time.monotonic() - started:.0f} s"


def measure_times(task: dict, runs: list[Run], device: str, arguments: argparse.Namespace) -> None:
    models = {"dense": arguments.base} | {
        run.variant: run.folder / "model" for run in runs
        if run.is_done and run.seed == arguments.first_seed and (run.folder / "model" / "model.safetensors").exists()}
    if left := {run.variant for run in runs if run.is_done} - models.keys():
        print("not timed, since their weights were not kept:", ", ".join(sorted(left)))
    file = arguments.work / "benchmark.json"
    subprocess.run(
        [arguments.acm, "benchmark", *models.values(), "--data", arguments.test_data or arguments.data, "--batch-sizes",
         str(task["timed_batch"][device]), "--budgets", ",".join(map(str, task["budgets"])), "--repeats", "20" if device != "cpu" else "10",
         "--no-energy", "--dtype", "bfloat16", "--device", device, "--json", file], check=True)
    times = {name: {} for name in models}
    for row in json.loads(file.read_text())["rows"]:
        budget = 1.0 if row["budget"] is None else row["budget"]
        times[list(models)[row["model"]]][budget] = row["milliseconds"]["median"]
    (arguments.work / f"times-{device}.json").write_text(json.dumps(times))


def measure_corrupted(task: dict, runs: list[Run], arguments: argparse.Namespace) -> None:
    """The error of some models on corrupted images, beside the dense one's."""
    asked = task["corruptions"]
    for run in runs:
        if run.variant not in asked["variants"] or run.seed != arguments.first_seed or not run.is_done:
            continue
        if not (run.folder / "corrupted/robustness.json").exists():
            subprocess.run(
                [arguments.acm, "evaluate", run.folder / "model", "--dense", arguments.base,
                 "--data", arguments.test_data or arguments.data, "--corruptions", "all", "--severities", "1,2,3,4,5",
                 "--samples", str(asked["samples"]), "--budgets", ",".join(map(str, asked["budgets"])),
                 "--batch-size", str(task["batch_size"]), "--device", arguments.device,
                 "--report", run.folder / "corrupted"], check=True)


def corrupted_rows(runs: list[Run]) -> list[list]:
    rows = []
    for run in runs:
        if not (run.folder / "corrupted/robustness.json").exists():
            continue
        found = json.loads((run.folder / "corrupted/robustness.json").read_text())
        for summary in found["summary"]:
            budget = summary["budget"]
            if budget is None and rows:
                continue  # the dense model's are the same beside each
            cells = [cell for cell in found["cells"] if cell["budget"] == budget]

            def load(severity):
                return statistics.fmean(cell["load"] for cell in cells if cell["severity"] == severity)

            # What runs if an alarm makes the model run all its learners.
            full = {(cell["corruption"], cell["severity"]): cell for cell in found["cells"] if cell["budget"] == 1}
            corrupted = [cell for cell in cells if cell["severity"] > 0]
            guarded = [full[cell["corruption"], cell["severity"]] if cell["alarm"] else cell for cell in corrupted]
            ratio = summary["mean_corruption_error"]
            rows.append([
                "dense" if budget is None else run.variant, "" if budget is None else budget,
                *(f"{100 * error([cell for cell in cells if cell['severity'] == severity]):.1f}" for severity in range(6)),
                "" if ratio is None else f"{ratio:.3f}",
                *(f"{load(severity):.3f}" for severity in (0, 3, 5)),
                "" if budget is None else f"{summary['alarms']} of {len(corrupted)}", f"{100 * error(corrupted):.1f}",
                *(["", ""] if budget is None else [
                    f"{100 * error(guarded):.1f}", f"{statistics.fmean(cell['load'] for cell in guarded):.3f}"])])
    return rows


def error(cells: list[dict]) -> float:
    return statistics.fmean(cell["errors"] / cell["samples"] for cell in cells)


def difference(ours: list, others: list) -> tuple[float, float]:
    """The difference of accuracies or word error rates over paired samples in points, and its standard error."""
    def means(runs):
        return [statistics.fmean(value for value, _ in sample) for sample in zip(*runs)]

    weights = [weight for _, weight in ours[0]]
    differences = [100 * (a - b) for a, b in zip(means(ours), means(others))]
    total = sum(weights)
    mean = sum(differences) / total
    # Of a quotient of sums over the samples: Cochran 1977, equation 2.47.
    rest = [value - mean * weight for value, weight in zip(differences, weights)]
    return mean, statistics.stdev(rest) * math.sqrt(len(rest)) / total


def report(task: dict, runs: list[Run], arguments: argparse.Namespace) -> list[dict]:
    done: dict[str, list[Run]] = {}
    for run in runs:
        if run.is_done:
            done.setdefault(run.variant, []).append(run)
    rows = {variant: [run.rows() for run in group] for variant, group in done.items()}
    scores = {variant: [run.scores() for run in group] for variant, group in done.items()}
    dense = rows["dense"][0][1.0]
    reference = task["reference"]

    def mean(variant, budget, get):
        return statistics.fmean(get(row[budget]) for row in rows[variant])

    def shown(pair):
        return f"{pair[0]:+.2f} ± {pair[1]:.2f}"

    times = {file.stem.removeprefix("times-"): json.loads(file.read_text())
             for file in sorted(arguments.work.glob("times-*.json"))}

    def time_cells(variant, budget):
        for of_device in times.values():
            milliseconds = of_device.get(variant, {}).get(str(float(budget)))
            yield f"{milliseconds / of_device['dense']['1.0']:.2f}" if milliseconds else ""

    is_timed = "real_time_factor" in dense
    languages = sorted(dense.get("languages") or {})
    frontier, by_language = [], []
    for variant in ["dense", *task["variants"]]:
        for budget in rows[variant][0] if variant in rows else []:
            qualities = [quality(row[budget]) for row in rows[variant]]
            cells = [variant, "" if variant == "dense" else budget, f"{mean(variant, budget, lambda r: r['load']):.3f}",
                     f"{mean(variant, budget, lambda r: r['macs']) / dense['macs']:.3f}",
                     *time_cells(variant, budget), f"{statistics.fmean(qualities):.2f}",
                     *([f"{mean(variant, budget, lambda r: r['real_time_factor']):.4f}"] if is_timed else []),
                     f"{min(qualities):.2f}–{max(qualities):.2f}" if len(qualities) > 1 else "", len(qualities)]
            by_language.append([*cells[:2], *(
                f"{100 * mean(variant, budget, lambda r: r['languages'][code]['word_error_rate']):.2f}"
                for code in languages)])
            # A cut has no budgets; `compare` says what it stands against.
            is_beside = (variant not in ("dense", reference) and not is_uniform(task["variants"][variant])
                         and reference in scores and budget in scores[reference][0])
            frontier.append([*cells, shown(difference(
                *([run[budget] for run in scores[name]] for name in (variant, reference)))) if is_beside else ""])
    pairs = [
        [f"{ours}, budget {budget}", other if other == "dense" else f"{other}, budget {other_budget}",
         shown(difference([run[budget] for run in scores[ours]], [run[other_budget] for run in scores[other]]))]
        for ours, budget, other, other_budget in task["compare"] if ours in scores and other in scores]
    name = measure(dense)
    count = len(scores["dense"][0][1.0])
    tables = [
        {"caption": f"{name.capitalize()} in % on {count} held-out samples; `cost` is all multiply-accumulates over "
                    f"the dense model's. The last column is the difference to `{reference}` at the same budget, in points."
                    + "".join(f" {device}: the time of a batch of {task['timed_batch'][device]} in bfloat16 over the dense "
                              f"model's {of_device['dense']['1.0']:.3g} ms." for device, of_device in times.items()),
         "header": ["variant", "budget", "load", "cost", *(f"time, {device}" for device in times), name,
                    *(["real-time factor"] if is_timed else []), "seeds' range", "seeds", "difference"],
         "rows": frontier},
        {"caption": "Differences in points between paired samples.", "header": ["", "against", "difference"],
         "rows": pairs},
    ]
    if rows_of_corrupted := corrupted_rows(runs):
        tables.append({
            "caption": f"Error in % on {task['corruptions']['samples']} held-out images, corrupted in fifteen ways at "
                       "severities 1 to 5 (0: as they are); over the dense model's (mCE); loads at severities 0, 3 and 5; and "
                       "how many of the corruptions and severities the guard against drift gave an alarm for. `all`: the mean "
                       "error of all of them; `guarded`: the same where an alarm makes the budget 1, and the mean load then.",
            "header": ["variant", "budget", *map(str, range(6)), "mCE", "load 0", "load 3", "load 5", "alarms", "all",
                       "guarded", "guarded load"],
            "rows": rows_of_corrupted})
    if languages:
        tables.append({"caption": f"{name.capitalize()} in % by language.",
                       "header": ["variant", "budget", *languages], "rows": by_language})
    return tables


def draw(task: dict, rows: list[dict], path: pathlib.Path) -> None:
    """Lines of the quality over the cost, and over the time on each device. Variants of one `series` are one line, those
    with `drawn: false` none."""
    figure = task["figure"]
    name = next(key for key in rows[0] if key in ("accuracy", "word error rate", "cosine"))
    for column in [key for key in rows[0] if key == "cost" or key.startswith("time, ")]:
        series: dict[str, list[tuple[float, float]]] = {}
        for row in rows[1:]:
            variant = task["variants"][row["variant"]]
            if row[column] and variant.get("drawn", True):
                of = variant.get("series", row["variant"])
                series.setdefault(of, []).append((float(row[column]), float(row[name])))
        if not series:
            continue
        furthest = max(place for line in series.values() for place, _ in line)
        end = min(3, max(1, math.ceil(4 * furthest - 0.5) / 4))  # a method that takes longer is not shown
        dense = float(rows[0][name])
        plot.lines(
            path.with_name(f"{path.stem}_{column.replace(', ', '_')}.svg"), title=task["title"],
            across="multiply-accumulates / dense" if column == "cost" else f"{column} / dense", up=f"{name} in %",
            series=series, reference=[(0, dense), (end, dense)], reference_name="dense", bottom=figure["from"],
            top=figure["to"], end=end)


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
    parser.add_argument("--steps", type=int, help="so many steps in each phase, where only times are wanted")
    parser.add_argument("--samples", type=int, help="calibrate and measure on so many samples")
    parser.add_argument("--keep", default="", help="names by commas of variants whose models keep their weights")
    parser.add_argument("--time", help="devices by commas, to time all models on")
    parser.add_argument("--corruptions", action="store_true", help="measure on corrupted images, too")
    parser.add_argument("--report", action="store_true", help="only write what is there")
    parser.add_argument("--output", type=pathlib.Path)
    arguments = parser.parse_args()
    arguments.end = time.monotonic() + 60 * arguments.minutes
    task = yaml.safe_load(arguments.task.read_text())
    arguments.base = arguments.work / "base" if "dense" in task else arguments.model
    chosen = arguments.variants.split(",") if arguments.variants else list(task["variants"])
    if unknown := [name for name in chosen if name not in task["variants"]]:
        parser.error(f"{arguments.task} has no variant {unknown[0]}")
    for device in arguments.time.split(",") if arguments.time else []:
        if device not in task.get("timed_batch", {}):
            parser.error(f"{arguments.task} has no timed_batch for {device}")
    if arguments.corruptions and "corruptions" not in task:
        parser.error(f"{arguments.task} does not say what to measure on corrupted images")
    if arguments.steps is not None and arguments.steps < 1:
        parser.error("--steps must be at least 1")
    seeds = [int(seed) for seed in arguments.seeds.split(",")]
    arguments.first_seed = seeds[0]
    runs = [Run(arguments.work, variant, seed) for seed in seeds for variant in chosen]
    if "dense" in task:
        runs.insert(0, Run(arguments.work, "dense", 0))
    if not arguments.report:
        if "dense" in task:
            train(task, arguments)
        with concurrent.futures.ThreadPoolExecutor(arguments.jobs) as pool:
            waiting = [pool.submit(carry_out, run, task, arguments) for run in runs if not run.is_done]
            for future in concurrent.futures.as_completed(waiting):
                print(future.result(), flush=True)
        for device in arguments.time.split(",") if arguments.time else []:
            measure_times(task, runs, device, arguments)
        if arguments.corruptions:
            measure_corrupted(task, runs, arguments)
    if "dense" not in task:
        runs += [DenseRun(arguments.work, run.variant, run.seed) for run in runs if run.is_done][:1]
    if not any(run.is_done and run.variant == "dense" for run in runs):
        parser.error(f"nothing is measured yet in {arguments.work}")
    tables = report(task, runs, arguments)
    if arguments.output:
        conversion = next(arguments.work.glob("*/conversion.json"), None)
        if not conversion:
            parser.error(f"no conversion is done yet in {arguments.work}")
        where = json.loads(conversion.read_text())
        results.write(
            arguments.output, title=task["title"], tables=tables, hardware=where["device"].get("model"),
            versions={"libtorch": where["versions"]["libtorch"]},
            notes=task["notes"] + (" Here the trainings had a few steps: only costs and times tell something."
                                   if arguments.steps else ""),
            command=f"python3 Benchmarks/ablation.py {arguments.task} {arguments.model} --data {arguments.data} "
                    + (f"--test-data {arguments.test_data} " if arguments.test_data else "")
                    + f"--work WORK --seeds {arguments.seeds} --device {arguments.device}"
                    + (f" --variants {shlex.quote(arguments.variants)}" if arguments.variants else "")
                    + (f" --steps {arguments.steps}" if arguments.steps is not None else "")
                    + (f" --samples {arguments.samples}" if arguments.samples else "")
                    + (f" --time {arguments.time}" if arguments.time else "")
                    + (" --corruptions" if arguments.corruptions else ""))
        if "figure" in task and not arguments.steps:
            draw(task, [dict(zip(tables[0]["header"], row)) for row in tables[0]["rows"]], arguments.output)
    else:
        for table in tables:
            print(table["caption"])
            for row in [table["header"], *table["rows"]]:
                print("\t".join(map(str, row)))


if __name__ == "__main__":
    main()
