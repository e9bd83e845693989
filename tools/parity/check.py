#!/usr/bin/env python3
"""Runs an acm executable and transformers on every checkpoint of Tests/Goldens, on the same device.

    python3 tools/parity/check.py .build/release/acm                    # on the CPU
    python3 tools/parity/check.py .build/release/acm dinov2 vit         # some checkpoints only
    python3 tools/parity/check.py .build/release/acm --device cuda --json parity.json

float32: the largest difference over the largest wanted value, at most 1e-4. bfloat16: the length of the
difference over the wanted length, at most 1e-2. Padded tokens are left out. Needs torch, safetensors and
transformers; exit status 1 if any output differs.
"""

import argparse
import json
import math
import pathlib
import subprocess
import sys
import tempfile

import torch
from safetensors.torch import load_file

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.append(str(ROOT / "tools" / "goldens"))
import dinov2  # noqa: E402
import models  # noqa: E402
import wav2vec2  # noqa: E402
import whisper  # noqa: E402

GOLDENS = [golden for family in (models, dinov2, wav2vec2, whisper) for golden in family.GOLDENS]
LIMITS = {"float32": 1e-4, "bfloat16": 1e-2}
# On a GPU transformers computes the attention of WavLM in another order.
WIDER_LIMITS = {("wavlm_ctc", "bfloat16"): 2e-2}


def error(found: torch.Tensor, wanted: torch.Tensor, dtype: str) -> float:
    difference, wanted = found.double() - wanted.double(), wanted.double()
    if dtype == "float32":
        return (difference.abs().max() / wanted.abs().max()).item()
    return (difference.norm() / wanted.norm()).item()


def compare(acm: str, golden: models.Golden, device: str, dtype: str) -> dict[str, float]:
    """The error of each output."""
    folder = ROOT / "Tests" / "Goldens" / golden.name
    inputs = load_file(folder / "inputs.safetensors", device=device)
    mask = inputs.get("attention_mask", inputs.get("decoder_attention_mask"))
    kind = getattr(torch, dtype)
    model = golden.model.from_pretrained(folder, dtype=kind, **golden.arguments).eval().to(device)
    wanted = models.outputs(model, {k: v.to(kind) if v.is_floating_point() else v for k, v in inputs.items()},
                            **golden.call)
    with tempfile.TemporaryDirectory() as scratch:
        output = pathlib.Path(scratch) / "outputs.safetensors"
        subprocess.run(
            [acm, "run", folder, "--input", folder / "inputs.safetensors", "--output", output,
             "--hidden-states", "--device", device, "--dtype", dtype, *golden.options], check=True)
        found = load_file(output, device=device)
    assert found.keys() == wanted.keys(), f"{golden.name}: {sorted(found)} instead of {sorted(wanted)}"
    errors = {}
    for name, tensor in wanted.items():
        assert found[name].shape == tensor.shape, f"{golden.name} {name}: {found[name].shape}"
        real = mask.bool() if mask is not None and mask.shape == tensor.shape[:2] else ...
        errors[name] = error(found[name][real], tensor[real], dtype)
    return errors


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("acm")
    parser.add_argument("checkpoints", nargs="*", help="all when none is named")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--json", type=pathlib.Path)
    options = parser.parse_args()

    models.transformers.logging.disable_progress_bar()
    results, failed = [], 0
    for golden in (golden for golden in GOLDENS if golden.name in (options.checkpoints or [golden.name])):
        for dtype, limit in LIMITS.items():
            limit = WIDER_LIMITS.get((golden.name, dtype), limit)
            errors = compare(options.acm, golden, options.device, dtype)
            worst = max(errors, key=lambda name: (math.isnan(errors[name]), errors[name]))
            failed += not errors[worst] <= limit
            results.append({"checkpoint": golden.name, "dtype": dtype, "outputs": len(errors), "worst": worst,
                            "error": errors[worst], "limit": limit})
            print(f"{golden.name:20} {dtype:9} {len(errors)} outputs, worst {worst} {errors[worst]:.2e}",
                  "" if errors[worst] <= limit else "TOO FAR")
    if options.json:
        options.json.write_text(json.dumps(results, indent=1) + "\n")
    print(f"{len(results)} comparisons, {failed} too far")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
