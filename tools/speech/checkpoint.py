#!/usr/bin/env python3
"""Writes a random checkpoint of a speech model's true size, and 10 s of noise as its input.

    python3 tools/speech/checkpoint.py FOLDER [--shape xls-r-300m] [--seed 1]

Shapes: base (wav2vec2-base, 94 M parameters) and xls-r-300m (315 M). FOLDER gets config.json,
model.safetensors (float32) and input.safetensors. Needs torch, safetensors and transformers
(tools/goldens/requirements.txt).
"""

import argparse
import json
import math
import pathlib

import torch
import transformers
from safetensors.torch import save_file

SHAPES = {
    "base": dict(),
    "xls-r-300m": dict(hidden_size=1024, num_hidden_layers=24, num_attention_heads=16, intermediate_size=4096,
                       do_stable_layer_norm=True, feat_extract_norm="layer", conv_bias=True),
}
SECONDS = 10


def parameter(name: str, shape: torch.Size, generator: torch.Generator) -> torch.Tensor:
    """Norms near one, small biases, weights that keep the variance of what goes through them."""
    noise = torch.randn(shape, generator=generator)
    if "norm" in name and name.endswith("weight"):
        return 1 + 0.1 * noise
    return noise * (0.1 if len(shape) == 1 else 1 / math.sqrt(max(1, noise[0].numel())))


def write(folder: pathlib.Path, shape: str, seed: int) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    config = transformers.Wav2Vec2Config(**SHAPES[shape], architectures=["Wav2Vec2ForCTC"])
    with torch.device("meta"):
        names = transformers.Wav2Vec2ForCTC(config).state_dict()
    generator = torch.Generator().manual_seed(seed)
    tensors = {name: parameter(name, tensor.shape, generator) for name, tensor in names.items()}
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    (folder / "config.json").write_text(json.dumps(config.to_dict(), indent=2) + "\n")
    save_file({"input_values": torch.randn(1, SECONDS * 16_000, generator=generator)}, folder / "input.safetensors")
    print(f"{sum(tensor.numel() for tensor in tensors.values()):,} parameters in {folder}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--shape", choices=SHAPES, default="xls-r-300m")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    write(options.folder, options.shape, options.seed)
