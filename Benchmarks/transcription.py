#!/usr/bin/env python3
"""Transcribes clips with `acm transcribe` and with transformers' generate: error rates, and times by turns.

    python3 Benchmarks/transcription.py MODEL=LANGUAGE=FOLDER... [--acm .build/release/acm]
                                        [--output Benchmarks/results/NAME.json] [--chunk 15]

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


def compare(acm: str, model: str, language: str, folder: pathlib.Path, chunk: int) -> tuple[list, list]:
    with (folder / "test.tsv").open(encoding="utf-8", newline="") as file:
        sentences = {row["path"]: row["sentence"] for row in
                     csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)}
    names = sorted(sentences)
    peer = Transformers(model, language)
    peer(folder / "clips" / names[0])
    wanted, found, times, duration = [plain(sentences[name]) for name in names], ([], []), [0, 0], 0
    for start in range(0, len(names), chunk):
        part = names[start:start + chunk]
        *lines, rates = ours(acm, model, language, folder, part, torch.get_num_threads())
        texts = [plain(line["text"]) for line in lines]
        rate = jiwer.wer([plain(sentences[name]) for name in part], texts)
        assert abs(rates["word_error_rate"] - rate) < 1e-9, f"acm counts {rates['word_error_rate']}, jiwer {rate}"
        found[0].extend(texts)
        times[0] += rates["seconds"]
        for name in part:
            text, seconds, length = peer(folder / "clips" / name)
            found[1].append(plain(text))
            times[1] += seconds
            duration += length
    differing = [[name, *pair] for name, *pair in zip(names, *found) if pair[0] != pair[1]]
    name = pathlib.Path(model).name.removeprefix("whisper-")
    row = [name, language, len(names), sum(len(text.split()) for text in wanted), round(duration)]
    for side in found:
        row += [round(jiwer.wer(wanted, side), 4), round(jiwer.cer(wanted, side), 4)]
    row += [len(names) - len(differing)] + [round(seconds / duration, 3) for seconds in times]
    return row, differing


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cases", nargs="+", metavar="MODEL=LANGUAGE=FOLDER")
    parser.add_argument("--acm", default=".build/release/acm")
    parser.add_argument("--chunk", type=int, default=15)
    parser.add_argument("--output", type=pathlib.Path)
    options = parser.parse_args()
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    rows, load = [], []
    for case in options.cases:
        model, language, folder = case.split("=")
        load.append(os.getloadavg()[0])
        row, differing = compare(options.acm, model, language, pathlib.Path(folder), options.chunk)
        load.append(os.getloadavg()[0])
        rows.append(row)
        print(*row, flush=True)
        for name, our, their in differing:
            print(f"  {name}\n    acm           {our}\n    transformers  {their}", flush=True)
    if options.output:
        threads = torch.get_num_threads()
        busy = max(load) > threads + 1
        results.write(
            options.output, title="Whisper in acm and in transformers", command="make transcribe",
            versions={"torch": torch.__version__, "transformers": transformers.__version__},
            notes=f"Greedy, float32, one clip at a time, {threads} threads; Debian's Asterisk prompts, drawn by a seed. "
                  f"Rates are of lower-cased texts without punctuation. The machine's load average was {min(load):.1f} "
                  f"to {max(load):.1f}" + (
                      f" on {os.cpu_count()} cores: other programs ran, so that the times say little; the rates do "
                      "not depend on them." if busy else "."),
            tables=[{"header": [
                "model", "language", "prompts", "words", "s of sound", "acm WER", "acm CER", "transformers WER",
                "transformers CER", "texts alike", "acm real-time factor", "transformers real-time factor"],
                "rows": rows}])
    return 0


if __name__ == "__main__":
    sys.exit(main())
