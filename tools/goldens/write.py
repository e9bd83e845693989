#!/usr/bin/env python3
"""Writes Tests/Goldens: tiny checkpoints and tokenizers, and what Hugging Face's libraries make of them.

    python3 -m venv /tmp/goldens && /tmp/goldens/bin/pip install -r tools/goldens/requirements.txt
    /tmp/goldens/bin/python tools/goldens/write.py            # writes the files and their manifest
    python3 tools/goldens/write.py --check                    # exit status 1 if a file differs from its manifest

The numbers that another processor or another version of a library writes may differ in their last
bits, so `--check` compares files with the hashes in the manifest and computes nothing.
"""

import argparse
import hashlib
import importlib.metadata
import json
import pathlib
import platform
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2] / "Tests" / "Goldens"
SEED = 20240817
LIBRARIES = ("jiwer", "numpy", "safetensors", "tokenizers", "torch", "transformers")
PROVENANCE = {
    "models": "Random parameters; configurations and outputs by transformers (Apache-2.0).",
    "wav2vec2": "Random parameters, logits and audio, vocabularies made by tools/goldens/wav2vec2.py; outputs, losses, "
                "masks, encodings and features by transformers (Apache-2.0), error rates by jiwer (Apache-2.0).",
    "wordpiece": "Vocabularies made by tools/goldens/wordpiece.py from lists of letters and from word counts of "
                 "Examples/minilm/glosses.tsv (WordNet 3.0, licence in Examples/minilm/LICENSE.WordNet); "
                 "encodings by tokenizers and transformers (Apache-2.0).",
}


def hashes(folders: list[str]) -> dict[str, str]:
    files = sorted(file for folder in folders for file in (ROOT / folder).rglob("*") if file.is_file())
    return {file.relative_to(ROOT).as_posix(): hashlib.sha256(file.read_bytes()).hexdigest() for file in files}


def write() -> int:
    import models
    import wav2vec2
    import wordpiece

    folders = [name for module in (models, wav2vec2, wordpiece) for name in module.write(ROOT, SEED)]
    manifest = {
        "seed": SEED,
        "python": platform.python_version(),
        "libraries": {name: importlib.metadata.version(name) for name in LIBRARIES},
        "provenance": PROVENANCE,
        "folders": sorted(folders),
        "files": hashes(folders),
    }
    (ROOT / "manifest.json").write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")
    size = sum((ROOT / file).stat().st_size for file in manifest["files"])
    print(f"{len(manifest['files'])} files, {size:,} bytes, in {ROOT}")
    return 0


def check() -> int:
    manifest = json.loads((ROOT / "manifest.json").read_text(encoding="utf-8"))
    kept, found = manifest["files"], hashes(manifest["folders"])
    differing = sorted(file for file in kept.keys() | found.keys() if kept.get(file) != found.get(file))
    for file in differing:
        print(f"{file}: {'missing' if file not in found else 'not in the manifest' if file not in kept else 'changed'}")
    print(f"{len(kept)} files in the manifest, {len(differing)} differ")
    return 1 if differing else 0


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--check", action="store_true", help="compare the kept files with their manifest")
    sys.exit(check() if arguments.parse_args().check else write())
