#!/usr/bin/env python3
"""Lays telephone prompts of Asterisk in several languages out as Common Voice does: `train.tsv`, `test.tsv` and `clips/`.

    python3 tools/whisper/languages.py SOUNDS OUTPUT [--languages en,es,fr,it,ru] [--share 0.2] [--words 4] [--seed 1]

SOUNDS is where the Debian packages asterisk-core-sounds-LANGUAGE and asterisk-core-sounds-LANGUAGE-g722 were unpacked, as
for prompts.py. The tables have the columns path, sentence and locale. A prompt has the same name in every language, and a
hash of it decides for all of them: a share of the names is for `test.tsv`, which gets those with at least `--words` words.
The other names are for `train.tsv`, one after the other in recordings of 1 to 25 s of one language, but for those that
say what the test says, perhaps among other things, or sound as it does. Left out are texts that tell what is heard
rather than said, in brackets or in more than 25 letters a second; texts that lost letters to question marks; and
recordings longer than Whisper's window.
Needs nothing but Python.
"""

import argparse
import pathlib
import random
import re
import shutil
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "wordnet"))
import glosses  # noqa: E402
import prompts  # noqa: E402

BYTES = 8000  # of a second
LETTERS = 25  # of a second, at most
NO_SPEECH = re.compile(r"[][(){}<>]")
LOST_LETTER = re.compile(r"\w\?\w|\s\?\s*\w|\?\s*[^\W\d_A-ZÀ-Þ]")


def found(sounds: pathlib.Path, language: str) -> list[tuple[str, bytes, str]]:
    """Name, recording and text of each prompt that is speech."""
    folder = prompts.recordings(sounds, language)
    rows = []
    for name, text in sorted(prompts.texts(sounds, language).items()):
        file = folder / f"{name}.g722"
        if not text or not file.exists() or NO_SPEECH.search(text) or LOST_LETTER.search(text):
            continue
        sound = file.read_bytes()
        if len(sound) <= prompts.WINDOW_BYTES and len(text) * BYTES <= LETTERS * len(sound):
            rows.append((name, sound, text))
    return rows


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sounds", type=pathlib.Path)
    parser.add_argument("output", type=pathlib.Path)
    parser.add_argument("--languages", default="en,es,fr,it,ru")
    parser.add_argument("--share", type=float, default=0.2, help="of the prompts for the test")
    parser.add_argument("--words", type=int, default=4)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    shutil.rmtree(options.output, ignore_errors=True)
    (options.output / "clips").mkdir(parents=True)
    tables = {"train": [], "test": []}
    for language in options.languages.split(","):
        test, rest = [], []
        for name, sound, text in found(options.sounds, language):
            if glosses.hashed_fraction(name, "prompts") >= options.share:
                rest.append((sound, text))
            elif len(text.split()) >= options.words:
                test.append((sound, name.replace("/", "_") + ".g722", text))
        sounds, texts = {row[0] for row in test}, {plain(row[2]) for row in test}
        rest = [row for row in rest if row[0] not in sounds and not any(text in plain(row[1]) for text in texts)]
        train = prompts.joined(rest, random.Random(options.seed))
        for table, rows in [("train", train), ("test", test)]:
            for sound, name, text in rows:
                (options.output / "clips" / f"{language}_{name}").write_bytes(sound)
                tables[table].append(f"{language}_{name}\t{text}\t{language}\n")
            minutes = sum(len(sound) for sound, _, _ in rows) / BYTES / 60
            print(f"{options.output}/{table}.tsv: {len(rows)} recordings in {language}, {minutes:.1f} min")
    for table, rows in tables.items():
        (options.output / f"{table}.tsv").write_text("path\tsentence\tlocale\n" + "".join(rows), encoding="utf-8")
    return 0


def plain(text: str) -> str:
    """The words of a text, between blanks: what makes two texts the same."""
    return " ".join(["", *re.findall(r"\w+", text.lower()), ""])


if __name__ == "__main__":
    sys.exit(main())
