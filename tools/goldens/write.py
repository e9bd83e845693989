#!/usr/bin/env python3
"""Writes Tests/Goldens: tiny checkpoints, tokenizers, media, and what other libraries make of them.

    make goldens                                            # all of them, in an environment of its own
    python3 tools/goldens/write.py [GENERATOR ...]          # only what these write, with requirements.txt installed
    python3 tools/goldens/write.py --check                  # exit status 1 if a file differs from its manifest

A generator is a module of this folder whose `write(root, seed)` gives the names of the folders that it wrote. The
numbers that another processor or another version of a library writes may differ in their last bits, so `--check`
compares files with the hashes in the manifest and computes nothing.
"""

import argparse
import hashlib
import importlib
import importlib.metadata
import json
import pathlib
import platform
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2] / "Tests" / "Goldens"
MANIFEST = ROOT / "manifest.json"
SEED = 20240817
RANDOM = "Random parameters; configurations and outputs by transformers (Apache-2.0)."
PROVENANCE = {
    "models": RANDOM,
    "dinov2": RANDOM,
    "wav2vec2": RANDOM + " Vocabularies made by tools/goldens/wav2vec2.py; error rates by jiwer (Apache-2.0).",
    "whisper": RANDOM,
    "bpe": "A vocabulary made by tools/goldens/bpe.py; encodings by tokenizers (Apache-2.0).",
    "tensorboard_events": "Events made by tools/goldens/tensorboard_events.py; written by tensorboard (Apache-2.0).",
    "wordpiece": "Vocabularies made by tools/goldens/wordpiece.py from lists of letters and from word counts of "
                 "Examples/minilm/glosses.tsv (WordNet 3.0, licence in Examples/minilm/LICENSE.WordNet); "
                 "encodings by tokenizers and transformers (Apache-2.0).",
    "media": "Pictures and sounds computed by tools/goldens/media.py; written and read by Pillow (MIT-CMU), "
             "libsndfile (LGPL) through soundfile (BSD), G722 (public domain), soxr (LGPL), transformers (Apache-2.0).",
    "dataset_files": "Archives by Python's tarfile; a picture of waves and noise, and what Pillow (MIT-CMU) makes of it.",
    "metrics": "Predictions drawn by tools/goldens/metrics.py; measures by torchmetrics and jiwer (Apache-2.0).",
    "corruptions": "Images drawn by tools/goldens/corruptions.py; statistics and excerpts of what imagenet-c 0.0.3 (MIT "
                   "by its metadata; frost photographs from its source archive) makes of them.",
}


def hashes(folders: list[str]) -> dict[str, str]:
    files = sorted(file for folder in folders for file in (ROOT / folder).rglob("*") if file.is_file())
    return {file.relative_to(ROOT).as_posix(): hashlib.sha256(file.read_bytes()).hexdigest() for file in files}


def requirements() -> list[str]:
    lines = pathlib.Path(__file__).with_name("requirements.txt").read_text().splitlines()
    return [line for line in lines if "==" in line]


def write(names: list[str]) -> int:
    manifest = json.loads(MANIFEST.read_text(encoding="utf-8")) if MANIFEST.exists() else {"generators": {}}
    versions = {f"{name}=={importlib.metadata.version(name).split('+')[0]}"
                for name in (line.split("==")[0] for line in requirements())}
    if versions != set(requirements()):
        print("installed versions differ from requirements.txt:", *sorted(versions ^ set(requirements())), file=sys.stderr)
        return 1
    generators = manifest["generators"]
    for name in names:
        folders = importlib.import_module(name).write(ROOT, SEED)
        generators[name] = {"provenance": PROVENANCE[name], "folders": sorted(folders)}
    files = hashes([folder for generator in generators.values() for folder in generator["folders"]])
    MANIFEST.write_text(json.dumps({
        "seed": SEED, "python": platform.python_version(), "libraries": requirements(),
        "generators": dict(sorted(generators.items())), "files": files,
    }, indent=2) + "\n", encoding="utf-8")
    print(f"{len(files)} files, {sum((ROOT / file).stat().st_size for file in files):,} bytes, in {ROOT}")
    return 0


def check() -> int:
    manifest = json.loads(MANIFEST.read_text(encoding="utf-8"))
    folders = [folder for generator in manifest["generators"].values() for folder in generator["folders"]]
    kept, found = manifest["files"], hashes(folders)
    differing = sorted(file for file in kept.keys() | found.keys() if kept.get(file) != found.get(file))
    for file in differing:
        print(f"{file}: {'missing' if file not in found else 'not in the manifest' if file not in kept else 'changed'}")
    print(f"{len(kept)} files in the manifest, {len(differing)} differ")
    return 1 if differing else 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("generators", nargs="*", metavar="GENERATOR", help=", ".join(PROVENANCE))
    parser.add_argument("--check", action="store_true", help="compare the kept files with their manifest")
    options = parser.parse_args()
    if unknown := set(options.generators) - PROVENANCE.keys():
        parser.error(f"no generator {', '.join(sorted(unknown))}; there are {', '.join(PROVENANCE)}")
    sys.exit(check() if options.check else write(options.generators or list(PROVENANCE)))
