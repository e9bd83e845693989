#!/usr/bin/env python3
"""Writes Examples/minilm/glosses.tsv: WordNet definitions, each labelled with its lexicographer file.

Needs Debian's `wordnet-base` (WordNet 3.0) and nothing outside Python's standard library:

    apt-get install wordnet-base
    python3 tools/wordnet/glosses.py              # writes the file, prints its statistics
    python3 tools/wordnet/glosses.py --check      # exit status 1 if the kept file differs
    python3 tools/wordnet/glosses.py --all --output wordnet.tsv     # every definition, with the same split

A definition is the gloss up to its first example sentence. A definition that occurs under several
labels is left out; one that occurs several times under one label is kept once. Which definitions are
kept, and which of them are the test set, follows from a hash of the text alone, so the file does not
depend on the order in which anything is read, and no text is in both sets.
"""

import argparse
import collections
import hashlib
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
PARTS_OF_SPEECH = ("noun", "verb", "adj", "adv")
SAMPLED_FRACTION = 0.136
TEST_FRACTION = 0.15

# lexnames(5WN): the lexicographer files by number.
LABELS = (
    "adj.all adj.pert adv.all noun.Tops noun.act noun.animal noun.artifact noun.attribute noun.body "
    "noun.cognition noun.communication noun.event noun.feeling noun.food noun.group noun.location "
    "noun.motive noun.object noun.person noun.phenomenon noun.plant noun.possession noun.process "
    "noun.quantity noun.relation noun.shape noun.state noun.substance noun.time verb.body verb.change "
    "verb.cognition verb.communication verb.competition verb.consumption verb.contact verb.creation "
    "verb.emotion verb.motion verb.perception verb.possession verb.social verb.stative verb.weather "
    "adj.ppl"
).split()

EXAMPLE_SENTENCE = re.compile(r';\s*["“`]')


def definition(gloss: str) -> str:
    """The gloss without its example sentences, its white space made single blanks."""
    return " ".join(EXAMPLE_SENTENCE.split(gloss, maxsplit=1)[0].split()).rstrip(" ;")


def labelled_definitions(folder: pathlib.Path) -> dict[str, str]:
    labels = collections.defaultdict(set)
    for part in PARTS_OF_SPEECH:
        for line in (folder / f"data.{part}").read_text(encoding="utf-8").splitlines():
            if line.startswith("  "):  # the licence notice at the head of each file
                continue
            synset, gloss = line.split(" | ", maxsplit=1)
            text = definition(gloss)
            if text and not text.startswith('"'):
                labels[text].add(LABELS[int(synset.split()[1])])
    return {text: next(iter(names)) for text, names in labels.items() if len(names) == 1}


def hashed_fraction(text: str, purpose: str) -> float:
    digest = hashlib.sha256(f"{purpose}\0{text}".encode()).digest()
    return int.from_bytes(digest[:8], "big") / 2**64


def table(folder: pathlib.Path, sampled: float) -> list[tuple[str, str, str]]:
    rows = [
        ("test" if hashed_fraction(text, "split") < TEST_FRACTION else "train", label, text)
        for text, label in labelled_definitions(folder).items()
        if hashed_fraction(text, "sample") < sampled
    ]
    # In the order of a hash: any prefix of the file is itself a fair sample.
    return sorted(rows, key=lambda row: hashed_fraction(row[2], "order"))


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    arguments.add_argument("--wordnet", type=pathlib.Path, default=pathlib.Path("/usr/share/wordnet"))
    arguments.add_argument("--output", type=pathlib.Path, default=ROOT / "Examples/minilm/glosses.tsv")
    arguments.add_argument("--check", action="store_true", help="compare with the kept file, write nothing")
    arguments.add_argument("--all", action="store_true", help="all definitions, not a sample of them")
    options = arguments.parse_args()

    rows = table(options.wordnet, 1 if options.all else SAMPLED_FRACTION)
    content = "".join("\t".join(row) + "\n" for row in [("split", "label", "text"), *rows]).encode()
    if options.check:
        same = options.output.read_bytes() == content
        print(f"{options.output}: {'up to date' if same else 'differs from what this script writes'}")
        return 0 if same else 1
    options.output.write_bytes(content)

    splits = collections.Counter(split for split, _, _ in rows)
    labels = collections.Counter(label for _, label, _ in rows)
    tests = collections.Counter(label for split, label, _ in rows if split == "test")
    print(f"{len(content):,} bytes, {dict(splits)}, {len(labels)} labels")
    for label, count in labels.most_common():
        print(f"{count:6} {tests[label]:5}  {label}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
