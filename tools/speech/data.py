#!/usr/bin/env python3
"""Writes English speech in Common Voice's layout: recorded telephone prompts, and WordNet's glosses in many voices.

    python3 tools/speech/data.py PACKAGES OUTPUT [--minutes 120] [--words 1500] [--wordnet /usr/share/wordnet]

PACKAGES is where scripts/speech unpacks Debian packages: prompts of asterisk-core-sounds-en (one speaker), and the
synthesizers espeak-ng and flite, which are run from there. OUTPUT gets `clips/` and the tables train, dev and test, and
what the last consists of, recorded and synthetic, with the columns path, sentence, client_id (the voice), source and
licence. Sentences have the letters a to z and the apostrophe. Glosses are taken that have three to twelve of the WORDS
most frequent words; about MINUTES of them are spoken for training. A hash of its sentence decides for each which table it
is in, so that none is in two, and by which voice it is said. Called again the script makes only the clips that are
missing.
"""

import argparse
import collections
import concurrent.futures
import hashlib
import os
import pathlib
import re
import shutil
import subprocess
import sys
import wave

sys.path[:0] = [str(pathlib.Path(__file__).resolve().parents[1] / name) for name in ("whisper", "wordnet")]
import glosses  # noqa: E402
import prompts  # noqa: E402

FLITE = ["slt", "rms", "awb", "kal16"]
ESPEAK = [f"{language}+{variant}" for language in ("en-us", "en-gb", "en-gb-scotland")
          for variant in ("m1", "m3", "m7", "f2", "f4")]
VOICES = [("flite", voice) for voice in FLITE for _ in range(4)] + [("espeak-ng", voice) for voice in ESPEAK]
LICENCES = {"asterisk": "CC-BY-SA-3.0", "wordnet": "WordNet-3.0"}
DIGITS = "zero one two three four five six seven eight nine".split()
DEV, TEST = 0.03, 0.08  # shares of the glosses
RECORDED_TEST = 0.3
HEADER = ["path", "sentence", "client_id", "source", "licence"]


def spelt(text: str) -> str | None:
    """A sentence in lower-case letters; nil for one that says more than its letters tell."""
    text = re.sub(r"\b\d\b", lambda match: DIGITS[int(match.group())], text.lower().replace("’", "'"))
    text = re.sub(r"[-–—.,;:!?\"“”`]", " ", text)
    text = " ".join(word.strip("'") for word in text.split() if word.strip("'"))
    return text if re.fullmatch(r"[a-z' ]+", text) else None


def place(text: str, purpose: str) -> float:
    return glosses.hashed_fraction(text, f"speech {purpose}")


def recorded(packages: pathlib.Path) -> list[tuple[str, pathlib.Path, str]]:
    """Table, file and sentence of each prompt; letters and alphabets, which are named, are left out."""
    folder = next((packages / "usr/share/asterisk/sounds").glob("en_*"))
    found = {}
    for name, text in sorted(prompts.texts(packages, "en").items()):
        file = folder / f"{name}.g722"
        sentence = None if re.match(r"letters/|phonetic/", name) else spelt(text)
        if sentence and file.exists():
            found.setdefault(sentence, file)
    return [("recorded" if place(sentence, "prompts") < RECORDED_TEST and " " in sentence else "train", file, sentence)
            for sentence, file in found.items()]


def sentences(wordnet: pathlib.Path, count: int) -> list[str]:
    """Glosses of the most frequent words, in the order of a hash."""
    texts = {spelt(text) for text in glosses.labelled_definitions(wordnet)} - {None}
    words = collections.Counter(word for text in texts for word in text.split())
    known = {word for word, _ in sorted(words.items(), key=lambda pair: (-pair[1], pair[0]))[:count]}
    fitting = [text for text in texts if 3 <= len(text.split()) <= 12 and known.issuperset(text.split())]
    return sorted(fitting, key=lambda text: place(text, "order"))


def speak(packages: pathlib.Path, voice: tuple[str, str], sentence: str, output: pathlib.Path) -> float:
    """Writes a WAV unless it is there; gives its seconds."""
    if not output.exists():
        libraries = next((packages / "usr/lib").glob("*-linux-gnu"))
        environment = os.environ | {"LD_LIBRARY_PATH": str(libraries),
                                    "ESPEAK_DATA_PATH": str(libraries / "espeak-ng-data")}
        draft = output.with_suffix(".part")
        program, name = voice
        tempo = 140 + int(50 * place(sentence, "tempo"))  # words a minute
        words = (["-voice", name, "--setf", f"duration_stretch={165 / tempo:.2f}", "-t", sentence, "-o", draft]
                 if program == "flite" else ["-v", name, "-s", str(tempo), "-w", draft, sentence])
        subprocess.run([packages / "usr/bin" / program, *words], env=environment, check=True,
                       stdout=subprocess.DEVNULL)
        draft.rename(output)
    with wave.open(str(output)) as file:
        return file.getnframes() / file.getframerate()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("packages", type=pathlib.Path)
    parser.add_argument("output", type=pathlib.Path)
    parser.add_argument("--minutes", type=float, default=120)
    parser.add_argument("--words", type=int, default=1200)
    parser.add_argument("--wordnet", type=pathlib.Path, default=pathlib.Path("/usr/share/wordnet"))
    options = parser.parse_args()
    clips = options.output / "clips"
    clips.mkdir(parents=True, exist_ok=True)

    tables = {name: [] for name in ("train", "dev", "recorded", "synthetic")}
    for table, file, sentence in recorded(options.packages):
        name = f"recorded-{hashlib.sha256(sentence.encode()).hexdigest()[:16]}.g722"
        if not (clips / name).exists():
            shutil.copyfile(file, clips / name)
        tables[table].append([name, sentence, "allison", "asterisk", LICENCES["asterisk"]])

    def said(sentence: str) -> tuple[str, list[str], float]:
        voice = VOICES[int(place(sentence, "voice") * len(VOICES))]
        digest = hashlib.sha256(f"{voice} {sentence}".encode()).hexdigest()[:16]
        name = f"{voice[1]}-{digest}.wav"
        where = place(sentence, "table")
        table = "dev" if where < DEV else "synthetic" if where < DEV + TEST else "train"
        seconds = speak(options.packages, voice, sentence, clips / name)
        return table, [name, sentence, voice[1], f"wordnet by {voice[0]}", LICENCES["wordnet"]], seconds

    minutes = 0.0
    waiting = sentences(options.wordnet, options.words)
    prompted = {row[1] for rows in tables.values() for row in rows}
    waiting = [sentence for sentence in waiting if sentence not in prompted]
    with concurrent.futures.ThreadPoolExecutor() as pool:
        while waiting and minutes < options.minutes:
            now, waiting = waiting[:256], waiting[256:]
            for table, row, seconds in pool.map(said, now):
                tables[table].append(row)
                minutes += seconds / 60 if table == "train" else 0
    tables["test"] = tables["recorded"] + tables["synthetic"]
    for name, rows in tables.items():
        lines = ["\t".join(row) + "\n" for row in [HEADER, *rows]]
        (options.output / f"{name}.tsv").write_text("".join(lines), encoding="utf-8")
        print(f"{name}: {len(rows)} clips")
    print(f"{minutes:.0f} min of glosses for training")
    return 0


if __name__ == "__main__":
    sys.exit(main())
