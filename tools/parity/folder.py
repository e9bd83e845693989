#!/usr/bin/env python3
"""Runs an acm executable and transformers on a folder that holds a classifier, on the same random inputs.

    python3 tools/parity/folder.py .build/release/acm FOLDER...

For what `acm train-dense` writes. transformers must load the folder without missing or unexpected tensors (but for the
mask token of DINOv2, which pre-training alone uses) and give the same names to the classes; logits, float32 on the CPU, may
differ by 1e-4 of the largest. Exit status 1 if one differs.
"""

import argparse
import json
import pathlib
import subprocess
import sys
import tempfile

import torch
import transformers
from safetensors.torch import load_file, save_file


def inputs(config: transformers.PreTrainedConfig, generator: torch.Generator) -> dict[str, torch.Tensor]:
    if hasattr(config, "vocab_size"):
        mask = torch.arange(11) < torch.tensor([[11], [7], [1]])
        ids = torch.randint(1, config.vocab_size, mask.shape, generator=generator)
        return {"input_ids": ids * mask, "attention_mask": mask.long()}
    size = config.image_size if isinstance(config.image_size, (list, tuple)) else [config.image_size] * 2
    return {"pixel_values": torch.randn(3, config.num_channels, *size, generator=generator)}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("acm")
    parser.add_argument("folders", nargs="+", type=pathlib.Path)
    options = parser.parse_args()
    transformers.logging.disable_progress_bar()
    failed = 0
    for folder in options.folders:
        config = transformers.AutoConfig.from_pretrained(folder)
        kind = (transformers.AutoModelForSequenceClassification if hasattr(config, "vocab_size")
                else transformers.AutoModelForImageClassification)
        model, info = kind.from_pretrained(folder, output_loading_info=True)
        info["missing_keys"] = {name for name in info["missing_keys"] if not name.endswith(".mask_token")}
        problems = {key: value for key, value in info.items() if value}
        given = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        names = {int(number): name for number, name in given.get("id2label", {}).items()}
        if names and (names != config.id2label or config.label2id != {name: n for n, name in names.items()}):
            problems["id2label"] = "differs"
        named = inputs(config, torch.Generator().manual_seed(0))
        with torch.no_grad():
            wanted = model.eval()(**named).logits
        with tempfile.TemporaryDirectory() as scratch:
            files = [pathlib.Path(scratch) / name for name in ("inputs.safetensors", "outputs.safetensors")]
            save_file(named, files[0])
            subprocess.run([options.acm, "run", folder, "--input", files[0], "--output", files[1]], check=True)
            found = load_file(files[1])["logits"]
        error = ((found - wanted).abs().max() / wanted.abs().max()).item()
        failed += not (error <= 1e-4 and not problems)
        print(f"{folder}: {type(model).__name__}, {wanted.shape[1]} classes, error {error:.1e}"
              + (f", {problems}" if problems else ""))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
