"""A ViT with random weights, dense and converted, as the benchmarks take it that time it beside other programs."""

import json
import pathlib
import subprocess
import tempfile

import safetensors.torch
import torch
import transformers

CONVERTED = {"feed-forwards": "[feedForward]", "all modules": "[feedForward, query, key, value, output]"}


def prepare(acm: str, work: pathlib.Path, configuration: transformers.ViTConfig, images: int,
            names=tuple(CONVERTED), device: str = "cpu") -> tuple[pathlib.Path, dict[str, pathlib.Path]]:
    """The dense model's folder and those of the converted ones, made in `work` where they are missing.

    Learners are cut from the dense model and gates are random, calibrated on random images: their choices differ by
    token, which is what the time depends on.
    """
    dense = work / "vit-b16"
    if not (dense / "config.json").exists():
        work.mkdir(parents=True, exist_ok=True)
        torch.manual_seed(0)
        transformers.ViTModel(configuration).save_pretrained(dense)
        size = configuration.image_size
        safetensors.torch.save_file({"images": torch.randint(256, (images, 3, size, size), dtype=torch.uint8)},
                                    work / "images.safetensors")
    nothing = [f"{phase}.optimisation.epochs=0" for phase in ("distillation", "gatePretraining", "finetuning")]
    folders = {}
    for number, (name, modules) in enumerate(CONVERTED.items()):
        if name not in names:
            continue
        folders[name] = work / f"vit-b16-adaptive-{number}"
        if (folders[name] / "config.json").exists():
            continue
        settings = [*nothing, f"modules={modules}", "finetuning.distillationWeight=1", "calibrationBatches=1",
                    f"calibrationSamples={images}"]
        subprocess.run([acm, "convert", dense, "--data", work / "images.safetensors", "--split", "all",
                        "--output", folders[name], "--device", device, *(part for setting in settings for part in ("--set", setting))],
                       check=True)
    return dense, folders


def benchmark(acm: str, *arguments) -> dict:
    """What `acm benchmark` writes with --json."""
    with tempfile.NamedTemporaryFile(suffix=".json") as file:
        subprocess.run([acm, "benchmark", *map(str, arguments), "--json", file.name], check=True,
                       stdout=subprocess.DEVNULL)
        return json.load(open(file.name))
