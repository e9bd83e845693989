#!/usr/bin/env python3
"""Transcribes clips with `acm transcribe` and with transformers' generate: error rates, and times by turns.

    python3 Benchmarks/transcription.py MODEL=LANGUAGE=FOLDER... [--acm .build/release/acm]
                                        [--chunk 15] [--keep FOLDER [--only SIDE]]
                                        [--output Benchmarks/results/NAME.json]

MODEL is a folder of a Whisper model, FOLDER one that tools/whisper/prompts.py wrote (G.722 clips and `test.tsv`).
Both sides are greedy, in float32, one clip at a time, with the same number of threads; `--chunk` clips go through
ours, then through theirs, and so on. Time is that of spectrogram and model, without decoding the file; the
real-time factor is its sum over the seconds of sound. Rates compare texts in lower case and without punctuation;
ours must be what `acm transcribe --references` prints. Needs torch, transformers, jiwer and G722
(tools/goldens/requirements.txt).
"""

import argparse
import csv
import json
import os
import pathlib
import subprocess
import sys
import time
import unicodedata

import jiwer
import numpy
import torch
import transformers
from G722 import G722

sys.path.append(str(pathlib.Path(__file__).parent))
import results  # noqa: E402

RATE = 16000
SIDES = ("acm", "transformers")


def plain(text: str) -> str:
    kept = (character for character in text.lower() if not unicodedata.category(character).startswith("P"))
    return " ".join("".join(kept).split())


def ours(acm: str, model: str, language: str, folder: pathlib.Path, names: list[str], threads: int) -> list[dict]:
    """An object for each clip, then one of the rates."""
    multilingual = [] if model.endswith(".en") else ["--language", language]
    lines = subprocess.run(
        [acm, "transcribe", model, *(folder / "clips" / name for name in names), "--references", folder / "test.tsv",
         "--json", "--threads", str(threads), *multilingual],
        check=True, capture_output=True, text=True).stdout.splitlines()
    return list(map(json.loads, lines))


class Transformers:
    def __init__(self, folder: str, language: str):
        self.model = transformers.WhisperForConditionalGeneration.from_pretrained(folder, dtype=torch.float32).eval()
        self.extractor = transformers.WhisperFeatureExtractor.from_pretrained(folder)
        self.tokenizer = transformers.PreTrainedTokenizerFast(tokenizer_file=f"{folder}/tokenizer.json")
        self.options = {} if folder.endswith(".en") else {"language": language, "task": "transcribe"}

    def __call__(self, file: pathlib.Path) -> tuple[str, float, float]:
        """The text, the seconds that it took, and those of the sound."""
        sound = numpy.asarray(G722(RATE, 64000).decode(file.read_bytes()), dtype=numpy.float32) / 32768
        started = time.perf_counter()
        features = self.extractor(sound, sampling_rate=RATE, return_tensors="pt").input_features
        with torch.inference_mode():
            tokens = self.model.generate(features, **self.options)[0]
        text = self.tokenizer.decode(tokens, skip_special_tokens=True)
        return text.strip(), time.perf_counter() - started, len(sound) / RATE


class Kept:
    """What was heard, a JSON object a line, in a file or only in memory: an interrupted run goes on where it was."""

    def __init__(self, file: pathlib.Path | None):
        self.file = file
        lines = file.read_text(encoding="utf-8").splitlines() if file and file.exists() else []
        self.clips = {clip["name"]: clip for clip in map(json.loads, lines)}

    def add(self, name: str, text: str, seconds: float, duration: float) -> None:
        clip = {"name": name, "text": text, "seconds": seconds, "duration": duration, "load": os.getloadavg()[0]}
        self.clips[name] = clip
        if self.file:
            with self.file.open("a", encoding="utf-8") as file:
                print(json.dumps(clip, ensure_ascii=False), file=file)

    def missing(self, names: list[str]) -> list[str]:
        return [name for name in names if name not in self.clips]


class Case:
    """A model and the clips that it hears."""

    def __init__(self, text: str, keep: pathlib.Path | None):
        self.model, self.language, folder = text.split("=")
        self.folder = pathlib.Path(folder)
        with (self.folder / "test.tsv").open(encoding="utf-8", newline="") as file:
            rows = csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
            self.sentences = {row["path"]: row["sentence"] for row in rows}
        self.names = sorted(self.sentences)
        self.name = pathlib.Path(self.model).name.removeprefix("whisper-")
        self.sides = [Kept(keep and keep / f"{self.name}-{self.language}.{side}.jsonl") for side in SIDES]
        self.peer = None

    def hear_ours(self, acm: str, names: list[str]) -> None:
        names = self.sides[0].missing(names)
        if not names:
            return
        *lines, rates = ours(acm, self.model, self.language, self.folder, names, torch.get_num_threads())
        rate = jiwer.wer([plain(self.sentences[name]) for name in names], [plain(line["text"]) for line in lines])
        assert abs(rates["word_error_rate"] - rate) < 1e-9, f"acm counts {rates['word_error_rate']}, jiwer {rate}"
        for name, line in zip(names, lines, strict=True):
            self.sides[0].add(name, line["text"], line["seconds"], line["duration"])

    def hear_theirs(self, names: list[str]) -> None:
        for name in self.sides[1].missing(names):
            if not self.peer:
                self.peer = Transformers(self.model, self.language)
                self.peer(self.folder / "clips" / name)
            self.sides[1].add(name, *self.peer(self.folder / "clips" / name))

    def result(self) -> tuple[list, list]:
        """A row of the table, and the clips whose texts differ."""
        wanted = [plain(self.sentences[name]) for name in self.names]
        found = [[plain(side.clips[name]["text"]) for name in self.names] for side in self.sides]
        differing = [[name, *pair] for name, *pair in zip(self.names, *found) if pair[0] != pair[1]]
        times = [sum(side.clips[name]["seconds"] for name in self.names) for side in self.sides]
        duration = sum(self.sides[1].clips[name]["duration"] for name in self.names)
        rates = [round(rate(wanted, side), 4) for side in found for rate in (jiwer.wer, jiwer.cer)]
        words = sum(len(text.split()) for text in wanted)
        return [self.name, self.language, len(self.names), words, round(duration), *rates,
                len(self.names) - len(differing), *(round(seconds / duration, 3) for seconds in times)], differing


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cases", nargs="+", metavar="MODEL=LANGUAGE=FOLDER")
    parser.add_argument("--acm", default=".build/release/acm")
    parser.add_argument("--chunk", type=int, default=15)
    parser.add_argument("--keep", type=pathlib.Path, help="folder for what was heard: an interrupted run goes on")
    parser.add_argument("--only", choices=SIDES, help="with --keep: hear with one side, to run both beside each other")
    parser.add_argument("--output", type=pathlib.Path)
    options = parser.parse_args()
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    if options.keep:
        options.keep.mkdir(parents=True, exist_ok=True)
    rows, load = [], []
    for text in options.cases:
        case = Case(text, options.keep)
        for start in range(0, len(case.names), options.chunk):
            names = case.names[start:start + options.chunk]
            if options.only != "transformers":
                case.hear_ours(options.acm, names)
            if options.only != "acm":
                case.hear_theirs(names)
        if options.only:
            continue
        load += [clip["load"] for side in case.sides for clip in side.clips.values() if "load" in clip]
        row, differing = case.result()
        rows.append(row)
        print(*row, flush=True)
        for name, our, their in differing:
            print(f"  {name}\n    acm           {our}\n    transformers  {their}", flush=True)
    if options.output and rows:
        threads = torch.get_num_threads()
        busy = max(load, default=0) > threads + 1
        load = f"{min(load):.1f} to {max(load):.1f}" if load else "not measured"
        results.write(
            options.output, title="Whisper in acm and in transformers", command="make transcribe",
            versions={"torch": torch.__version__, "transformers": transformers.__version__},
            notes=f"Greedy, float32, one clip at a time, {threads} threads; Debian's Asterisk prompts, drawn by a "
                  f"seed. Rates are of lower-cased texts without punctuation. The machine's load average was {load}" + (
                      f" on {os.cpu_count()} cores: other programs ran, so that the times say little; the rates do "
                      "not depend on them." if busy else "."),
            tables=[{"header": [
                "model", "language", "prompts", "words", "s of sound", "acm WER", "acm CER", "transformers WER",
                "transformers CER", "texts alike", "acm real-time factor", "transformers real-time factor"],
                "rows": rows}])
    return 0


if __name__ == "__main__":
    sys.exit(main())
