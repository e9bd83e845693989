#!/usr/bin/env python3
"""Times decoding, resizing and cropping JPEGs in this project and in Pillow, by turns on the same cores.

    swift build -c release --product media-benchmark
    python3 Benchmarks/media.py [--program .build/release/media-benchmark] [--output Benchmarks/results/NAME.json]

The images are 500 x 375 pixels at quality 90, made here: waves, edges and noise, some 75 kB each. Both sides read
the files, decode them, bring the shorter side to 256 (bilinear, antialiased) and take the middle 224 x 224, with as
many threads or, in Python, worker processes as asked for. Rounds go by turns; the best of each side counts, on the
wall and in processor time, which says more on a busy machine. Needs Pillow and numpy; run it with another Pillow,
such as Pillow-SIMD, to compare with that.
"""

import argparse
import json
import multiprocessing
import pathlib
import resource
import subprocess
import sys
import tempfile
import time

import numpy as np
import PIL
from PIL import Image

sys.path.append(str(pathlib.Path(__file__).parent))
import results  # noqa: E402


PILLOW = "Pillow-SIMD" if ".post" in PIL.__version__ else "Pillow"


def write_images(folder: pathlib.Path, count: int) -> list[str]:
    random = np.random.default_rng(1)
    y, x = np.mgrid[0:375, 0:500] / 500
    for index in range(count):
        a, b, c = random.uniform(2, 20, 3)
        pixels = np.stack([128 + 90 * np.sin(a * x + b * y), 128 + 90 * np.cos(c * y - a * x), 255 * x * y], axis=-1)
        for _ in range(12):
            top, left = random.integers(0, 300), random.integers(0, 400)
            pixels[top:top + random.integers(10, 75), left:left + random.integers(10, 100)] = random.integers(0, 256, 3)
        pixels += random.normal(0, 12, pixels.shape)
        Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8)).save(folder / f"{index:04}.jpg", quality=90)
    return sorted(map(str, folder.glob("*.jpg")))


def process(file: str) -> np.ndarray:
    image = Image.open(file).convert("RGB")
    width, height = image.size
    short = min(width, height)
    image = image.resize((width * 256 // short, height * 256 // short), Image.BILINEAR)
    left, top = (image.width - 224) // 2, (image.height - 224) // 2
    return np.ascontiguousarray(np.moveaxis(np.asarray(image.crop((left, top, left + 224, top + 224))), -1, 0))


def work(files: list[str], passes: int, barrier, queue) -> None:
    process(files[0])
    barrier.wait()
    started, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_SELF)
    for _ in range(passes):
        for file in files:
            process(file)
    after = resource.getrusage(resource.RUSAGE_SELF)
    queue.put((time.perf_counter() - started,
               after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime))


def theirs(files: list[str], workers: int, passes: int) -> tuple[float, float]:
    """Images a second, and milliseconds of a processor an image."""
    barrier, queue = multiprocessing.Barrier(workers), multiprocessing.Queue()
    processes = [multiprocessing.Process(target=work, args=(files[index::workers], passes, barrier, queue))
                 for index in range(workers)]
    for one in processes:
        one.start()
    times = [queue.get() for _ in processes]
    for one in processes:
        one.join()
    count = len(files) * passes
    return count / max(wall for wall, _ in times), 1000 * sum(used for _, used in times) / count


def ours(program: str, folder: str, workers: int, passes: int) -> tuple[float, float]:
    output = subprocess.run([program, folder, str(workers), str(passes)], check=True, capture_output=True, text=True)
    found = json.loads(output.stdout)
    return found["images"] / found["seconds"], 1000 * found["processor_seconds"] / found["images"]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", default=".build/release/media-benchmark")
    parser.add_argument("--images", type=int, default=200)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--passes", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--output", type=pathlib.Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        files = write_images(pathlib.Path(folder), options.images)
        size = sum(pathlib.Path(file).stat().st_size for file in files) / len(files) / 1000
        pairs = [(ours(options.program, folder, options.workers, options.passes),
                  theirs(files, options.workers, options.passes)) for _ in range(options.rounds)]
    rate = [max(side[0] for side in sides) for sides in zip(*pairs)]
    used = [min(side[1] for side in sides) for sides in zip(*pairs)]
    rows = [["images/s", round(rate[0]), round(rate[1]), round(rate[0] / rate[1], 2)],
            ["processor ms an image", round(used[0], 2), round(used[1], 2), round(used[1] / used[0], 2)]]
    for row in rows:
        print(*row)
    if options.output:
        results.write(options.output, title="Decoding, resizing and cropping JPEGs", command="scripts/bench loading",
                      versions={PILLOW: PIL.__version__, "numpy": np.__version__},
                      notes=f"{options.images} images of 500 x 375, {size:.0f} kB each; {options.workers} threads or worker "
                            f"processes; best of {options.rounds} rounds by turns.",
                      tables=[{"header": ["measure", "ours", PILLOW, "ours better by"], "rows": rows}])
    return 0


if __name__ == "__main__":
    sys.exit(main())
