#!/usr/bin/env python3
"""Compares how fast a packed set of images is read with how fast a ViT-S/16 trains on such images.

    python3 Benchmarks/packed.py [--acm .build/release/acm] [--device cuda] [--output Benchmarks/results/NAME.json]

The set has 2,048 random images of 224 pixels, uint8; reading goes up to normalised float batches of 256 on the
device. Training steps are forward, backward, clipping and Adam, bfloat16 where the device is CUDA. Needs torch,
safetensors and transformers.
"""

import argparse
import json
import pathlib
import subprocess
import sys
import tempfile

import torch
from safetensors.torch import save_file

import pytorch
import results

BATCH = 256


def call(acm: str, *arguments: str) -> dict:
    with tempfile.NamedTemporaryFile(suffix=".json") as file:
        subprocess.run([acm, *arguments, "--json", file.name], check=True, stdout=subprocess.DEVNULL)
        return json.load(open(file.name))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--acm", default=".build/release/acm")
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    parser.add_argument("--workers", default="4")
    parser.add_argument("--output", type=pathlib.Path)
    options = parser.parse_args()
    dtype = "bfloat16" if options.device == "cuda" else "float32"
    with tempfile.TemporaryDirectory() as scratch:
        torch.manual_seed(0)
        packed, model = f"{scratch}/packed.safetensors", f"{scratch}/model"
        save_file({"images": torch.randint(256, (2048, 3, 224, 224), dtype=torch.uint8)}, packed)
        pytorch.RANDOM["vit-s16"]().save_pretrained(model)
        rows = []
        for changes in ((), ("--augmented",)):
            found = call(options.acm, "benchmark-data", packed, "--batch-size", str(BATCH), "--workers", options.workers,
                         "--device", options.device, "--batches", "100" if options.device == "cuda" else "20", *changes)
            rows.append(["reading, augmented" if changes else "reading", round(found["images_per_second"])])
        found = call(options.acm, "benchmark", model, "--training", "--batch-sizes", str(BATCH), "--dtype", dtype,
                     "--device", options.device, "--repeats", "10" if options.device == "cuda" else "2")
        rows.append(["training ViT-S/16", round(found["rows"][0]["samples_per_second"])])
    for row in rows:
        print(*row)
    if options.output:
        results.write(
            options.output, title="Reading a packed set of images against training on it",
            command=f"python3 Benchmarks/packed.py --device {options.device}", versions={"torch": torch.__version__},
            hardware=torch.cuda.get_device_name() if options.device == "cuda" else None,
            notes=f"Batches of {BATCH} images of 224 pixels, {options.workers} threads; training in {dtype}.",
            tables=[{"header": ["task", "images/s"], "rows": rows}])
    return 0


if __name__ == "__main__":
    sys.exit(main())
