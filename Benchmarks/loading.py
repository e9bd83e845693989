#!/usr/bin/env python3
"""Times the reading of JPEG files up to normalised batches in acm and in PyTorch's DataLoader, by turns.

    python3 Benchmarks/loading.py [--acm .build/release/acm] [--rounds 5] [--output Benchmarks/results/NAME.json]

Both decode, scale the shorter side to 224 pixels (bicubic, antialiased), keep the middle and normalise to float32
batches of 64, with two workers on the same cores, in random order. The DataLoader does so with Pillow, by the steps of
torchvision's Resize, CenterCrop, ToTensor and Normalize, and where torchvision can be imported also with its own decoder
and transforms on uint8 tensors. The images are made here: waves and noise of 500 x 375 pixels, about as large as
ImageNet's files. Then a packed file is read in batches of 256. Needs torch and Pillow.
"""

import argparse
import json
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

import numpy as np
import PIL
import torch
from PIL import Image

try:
    import torchvision
    from torchvision.io import ImageReadMode, decode_image
    from torchvision.transforms import v2
except (ImportError, RuntimeError):  # the latter where it was built for another torch
    torchvision = None

sys.path.append(str(pathlib.Path(__file__).parent))
import results  # noqa: E402

SIZE, BATCH, WARM_UP = 224, 64, 2
MEAN = STD = [0.5, 0.5, 0.5]
PILLOW = "Pillow-SIMD" if ".post" in PIL.__version__ else "Pillow"


def make_images(folder: pathlib.Path, count: int) -> float:
    """Writes JPEG files of 32 pictures in four class folders; gives their mean size in bytes."""
    random = np.random.default_rng(0)
    y, x = np.mgrid[0:375, 0:500]
    sizes, pictures = [], []
    for index in range(count):
        if index < 32:
            image = np.zeros((375, 500, 3))
            for _ in range(12):
                wave = np.sin(x * random.normal(0, 0.1) + y * random.normal(0, 0.1) + random.uniform(0, 6))
                image += wave[..., None] * random.normal(0, 1, 3)
            image = 128 + 40 * image / image.std() + random.normal(0, 14, image.shape)
            pictures.append(image.clip(0, 255).astype(np.uint8))
        file = folder / str(index % 4) / f"{index}.jpg"
        file.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pictures[index % 32]).save(file, quality=90)
        sizes.append(file.stat().st_size)
    return statistics.mean(sizes)


class Files(torch.utils.data.Dataset):
    def __init__(self, folder: pathlib.Path):
        self.files = sorted(folder.rglob("*.jpg"))

    def __len__(self) -> int:
        return len(self.files)

    def __getitem__(self, index: int) -> tuple[torch.Tensor, int]:
        return self.pixels(self.files[index]), int(self.files[index].parent.name)


class PillowFiles(Files):
    mean, std = torch.tensor(MEAN).view(3, 1, 1), torch.tensor(STD).view(3, 1, 1)

    def pixels(self, file: pathlib.Path) -> torch.Tensor:
        image = Image.open(file).convert("RGB")
        short = min(image.size)
        image = image.resize([side * SIZE // short for side in image.size], Image.Resampling.BICUBIC)
        left, top = ((side - SIZE) // 2 for side in image.size)
        array = np.asarray(image.crop((left, top, left + SIZE, top + SIZE)))
        pixels = torch.from_numpy(array.copy()).permute(2, 0, 1).contiguous().to(torch.float32).div_(255)
        return pixels.sub_(self.mean).div_(self.std)


class TorchvisionFiles(Files):
    def __init__(self, folder: pathlib.Path):
        super().__init__(folder)
        self.transform = v2.Compose([
            v2.Resize(SIZE, v2.InterpolationMode.BICUBIC, antialias=True), v2.CenterCrop(SIZE),
            v2.ToDtype(torch.float32, scale=True), v2.Normalize(MEAN, STD)])

    def pixels(self, file: pathlib.Path) -> torch.Tensor:
        return self.transform(decode_image(str(file), mode=ImageReadMode.RGB))


def loader(dataset: Files, workers: int) -> torch.utils.data.DataLoader:
    return torch.utils.data.DataLoader(
        dataset, BATCH, shuffle=True, num_workers=workers, drop_last=True, persistent_workers=True)


def theirs(data: torch.utils.data.DataLoader, batches: int) -> float:
    def endless():
        while True:
            yield from data

    source = endless()
    for _ in range(WARM_UP):
        next(source)
    started = time.perf_counter()
    for _ in range(batches):
        next(source)
    return batches * BATCH / (time.perf_counter() - started)


def ours(acm: str, path: pathlib.Path, batches: int, workers: int, batch: int = BATCH) -> float:
    with tempfile.NamedTemporaryFile(suffix=".json") as file:
        subprocess.run(
            [acm, "benchmark-data", path, "--split", "all", "--size", str(SIZE), "--batch-size", str(batch),
             "--batches", str(batches), "--warm-up", str(WARM_UP), "--workers", str(workers), "--json", file.name],
            check=True, stdout=subprocess.DEVNULL)
        return json.load(open(file.name))["images_per_second"]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--acm", default=".build/release/acm")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--batches", type=int, default=8)
    parser.add_argument("--images", type=int, default=640)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--output", type=pathlib.Path)
    options = parser.parse_args()
    rows = []
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name) / "images"
        size = make_images(folder, options.images)
        peers = {PILLOW: loader(PillowFiles(folder), options.workers)}
        if torchvision:
            peers["torchvision"] = loader(TorchvisionFiles(folder), options.workers)
        rounds = []
        for _ in range(options.rounds):
            rounds.append([ours(options.acm, folder, options.batches, options.workers)]
                          + [theirs(data, options.batches) for data in peers.values()])
            print(*(round(rate) for rate in rounds[-1]), flush=True)
        for index, peer in enumerate(peers, start=1):
            ratios = sorted(row[0] / row[index] for row in rounds)
            rows.append([f"DataLoader, {peer}", round(statistics.median(row[0] for row in rounds)),
                         round(statistics.median(row[index] for row in rounds)), round(statistics.median(ratios), 3),
                         f"{ratios[0]:.2f}–{ratios[-1]:.2f}"])
        packed = pathlib.Path(name) / "packed.safetensors"
        subprocess.run([options.acm, "pack", folder, "--split", "all", "--output", packed, "--size", str(SIZE)],
                       check=True, stdout=subprocess.DEVNULL)
        rate = statistics.median(ours(options.acm, packed, 12, options.workers, 256) for _ in range(options.rounds))
    for row in rows:
        print(*row)
    print("packed, normalised on the host:", round(rate), "images/s")
    if options.output:
        results.write(
            options.output, title="Reading images in acm and in PyTorch", command="scripts/bench loading",
            versions={"torch": torch.__version__, PILLOW: PIL.__version__}
            | ({"torchvision": torchvision.__version__} if torchvision else {}),
            notes=f"{options.images} JPEG files of 500 x 375 pixels, {size / 1000:.0f} kB each; {options.workers} workers; "
                  f"medians of {options.rounds} rounds by turns.",
            tables=[{"header": ["peer", "acm images/s", "peer images/s", "acm / peer", "lowest–highest"], "rows": rows},
                    {"header": ["packed file, batches of 256", "acm images/s"],
                     "rows": [["normalised to float32 on the host", round(rate)]]}])
    return 0


if __name__ == "__main__":
    sys.exit(main())
