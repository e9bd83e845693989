#!/usr/bin/env python3
"""Copies drawings to another folder with their transparent parts on white, as paper shows them.

    python3 tools/images/flatten.py /usr/share/openclipart/png features/data/clipart --count 1500

Drawings are often black lines on nothing, with black stored beneath the nothing. Whoever drops the opacity,
as image processors of models do, sees black on black. Every PNG below the source keeps its place, so that
folders stay classes. Images of more than 50 million pixels and those that cannot be read are left out and
listed; those with a short side above 512 pixels are made smaller. With --count, a hash of a file's place
chooses so many; with --test-share it chooses what goes below test/ of the target, and the rest goes below
train/. Needs Pillow.
"""

import argparse
import hashlib
import pathlib
import sys

from PIL import Image

PIXELS = 50_000_000
SIDE = 512


def digest(file: pathlib.Path) -> bytes:
    return hashlib.sha256(file.as_posix().encode()).digest()


def part(file: pathlib.Path, test_share: float | None) -> str:
    """The folder of the target that a file goes to; not by the bytes that decide the order first."""
    if test_share is None:
        return "."
    return "test" if int.from_bytes(digest(file)[-4:]) < test_share * 2**32 else "train"


def flat(file: pathlib.Path) -> Image.Image:
    with Image.open(file) as image:
        if image.width * image.height > PIXELS:
            raise ValueError(f"has {image.width} × {image.height} pixels")
        image = image.convert("RGBA")
    scale = SIDE / min(image.size)
    image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image).convert("RGB")
    if scale < 1:
        image = image.resize([max(1, round(side * scale)) for side in image.size], Image.Resampling.BICUBIC)
    return image


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source", type=pathlib.Path)
    parser.add_argument("target", type=pathlib.Path)
    parser.add_argument("--count", type=int, help="copy at most so many")
    parser.add_argument("--test-share", type=float, help="share of the images that goes below test/")
    options = parser.parse_args()

    Image.MAX_IMAGE_PIXELS = None  # PIXELS bounds them, before they are decoded
    files = [file.relative_to(options.source) for file in sorted(options.source.rglob("*.png"))]
    files.sort(key=digest)
    done, left_out = 0, 0
    for file in files:
        if done == options.count:
            break
        try:
            image = flat(options.source / file)
        except (OSError, SyntaxError, ValueError) as error:
            left_out += 1
            print(f"left out {file}: {error}", file=sys.stderr)
            continue
        target = options.target / part(file, options.test_share) / file
        target.parent.mkdir(parents=True, exist_ok=True)
        image.save(target, compress_level=1)
        done += 1
    print(f"{done} of {len(files)} images in {options.target}, {left_out} left out")
    return 0


if __name__ == "__main__":
    sys.exit(main())
