#!/usr/bin/env python3
"""Lays telephone prompts of Asterisk out as Common Voice does: `test.tsv` and `clips/`.

    python3 tools/whisper/prompts.py SOUNDS LANGUAGE OUTPUT [--count 60] [--words 4] [--seed 1] [--rest]

SOUNDS is where the Debian packages asterisk-core-sounds-LANGUAGE and asterisk-core-sounds-LANGUAGE-g722 were
unpacked: recordings in `usr/share/asterisk/sounds/LANGUAGE_*` and what they say in
`usr/share/doc/asterisk-core-sounds-LANGUAGE/core-sounds-LANGUAGE.txt.gz`, a line `name: text` each. OUTPUT gets
`--count` of those with at least `--words` words, drawn by the seed. Left out are texts with brackets, which say what
is heard rather than said, and recordings longer than 30 s, Whisper's window: transformers' extractor cuts them there.
With `--rest` those that say something else, in however few words, go to `train.tsv`, one after the other in recordings
of 1 to 25 s: most prompts have a word or two, and a window costs the same whatever is said in it. Needs nothing but
Python.
"""

import argparse
import gzip
import pathlib
import random
import re
import shutil
import sys

WINDOW_BYTES = 30 * 8000  # G.722 has 64 kbit/s


def texts(sounds: pathlib.Path, language: str) -> dict[str, str]:
    """What each recording says, by its name."""
    name = f"asterisk-core-sounds-{language}/core-sounds-{language}.txt.gz"
    lines = gzip.decompress((sounds / "usr/share/doc" / name).read_bytes()).decode("utf-8-sig").splitlines()
    pairs = (line.split(":", 1) for line in lines if ":" in line and not line.startswith(";"))
    return {name.strip(): " ".join(text.split()) for name, text in pairs}


def recordings(sounds: pathlib.Path, language: str) -> pathlib.Path:
    """The folder of the recordings in a language."""
    folders = sorted((sounds / "usr/share/asterisk/sounds").glob(f"{language}_*"))
    if len(folders) != 1:
        raise SystemExit(f"{sounds} has {len(folders)} folders of {language} sounds, not one")
    return folders[0]


def joined(rows: list[tuple[bytes, str]], random: random.Random) -> list[tuple[bytes, str, str]]:
    """Recordings of several prompts in a drawn order, and their texts."""
    recordings = []
    length = 0.0
    for data, text in random.sample(rows, len(rows)):
        if recordings and len(recordings[-1][0]) + len(data) <= length:
            before, name, texts = recordings[-1]
            recordings[-1] = (before + data, name, f"{texts} {text}")
        else:
            recordings.append((data, f"train_{len(recordings)}.g722", text))
            length = random.uniform(1, 25) * 8000
    return recordings


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sounds", type=pathlib.Path)
    parser.add_argument("language")
    parser.add_argument("output", type=pathlib.Path)
    parser.add_argument("--count", type=int, default=60)
    parser.add_argument("--words", type=int, default=4)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rest", action="store_true", help="lay the others out in train.tsv")
    options = parser.parse_args()
    folder = recordings(options.sounds, options.language)
    found = [
        (file, name.replace("/", "_") + ".g722", text)
        for name, text in sorted(texts(options.sounds, options.language).items())
        if (file := folder / f"{name}.g722").exists() and text and not re.search(r"[][(){}<>]", text)
    ]
    wordy = [row for row in found if len(row[2].split()) >= options.words]
    # So drawn, fewer are some of those that more are.
    order = random.Random(options.seed).sample(wordy, len(wordy))
    short = [row for row in order if row[0].stat().st_size <= WINDOW_BYTES]
    if len(short) < options.count:
        raise SystemExit(f"{len(short)} prompts have at least {options.words} words, {options.count} are wanted")
    tables = {"test": [(file.read_bytes(), name, text) for file, name, text in
                       sorted(short[:options.count], key=lambda row: row[1])]}
    if options.rest:
        tested = {text.lower() for _, _, text in tables["test"]}
        tables["train"] = joined([(file.read_bytes(), text) for file, _, text in found if text.lower() not in tested
                                  and file.stat().st_size <= WINDOW_BYTES], random.Random(options.seed))
    shutil.rmtree(options.output, ignore_errors=True)
    (options.output / "clips").mkdir(parents=True)
    for split, rows in tables.items():
        for data, name, _ in rows:
            (options.output / "clips" / name).write_bytes(data)
        table = "".join(f"{name}\t{text}\n" for _, name, text in rows)
        (options.output / f"{split}.tsv").write_text("path\tsentence\n" + table, encoding="utf-8")
        print(f"{options.output}/{split}.tsv: {len(rows)} recordings in {options.language}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
