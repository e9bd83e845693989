#!/usr/bin/env python3
"""Renders letters, digits and symbols of many fonts as two files of packed grey images, for training and for test.

    python3 tools/glyphs/render.py .deps/glyphs glyphs             # what scripts/glyphs does

Writes glyphs/train.safetensors and glyphs/test.safetensors, as docs/data.md describes packed images: `images [count, 1,
56, 56]` uint8, ink 255 on 0, and `labels [count]` int64, with the classes' names in the metadata; and
glyphs/summary.json, which counts what is there and what was left out. No font is in both files: packages.txt says which
package is on which side. Everything follows from the fonts and the seed.

A glyph is drawn by FreeType at three times the size, its baseline where the font has it, turned by up to 8 degrees,
sheared, scaled and moved a little, and averaged down. Left out: characters that a font lacks (blank, or drawn as it draws
a character that does not exist), glyphs that look exactly like another class's in the same font, glyphs that do not fit,
and classes in which too few families of fonts are left.

Needs Pillow 11 or later, NumPy and safetensors.
"""

import argparse
import collections
import hashlib
import json
import math
import pathlib
import re
import unicodedata

import numpy
from PIL import Image, ImageDraw, ImageFont
from safetensors.numpy import save_file

HERE = pathlib.Path(__file__).resolve().parent
SIZE, FINE, EM = 56, 3, 36
CANVAS = SIZE * FINE
LEVELS = 16  # of grey, so that the files compress well
ABSENT = "\U0010FFFF\uFFFF\U0003FFFE"  # never characters: drawn as what the font draws for those it lacks
# Drawings of other things than the plain letters, or letters of another case.
UNUSUAL = re.compile(r"\b(SC|Small ?Caps|Smcp|Initials|Caps|Ornaments|Keyboard|Unicase|Symbols?2?|Outline|Swash|Size\w*|"
                     r"Integrals\w*|NonUnicode|Variants|Mnemonic|LGC|Shadow|Emoji)\b", re.IGNORECASE)


def characters() -> list[str]:
    """The candidates, without those that look like another one's in most fonts."""
    latin = [chr(c) for c in [*range(0x30, 0x3A), *range(0x41, 0x5B), *range(0x61, 0x7B)]]
    latin += [chr(c) for c in [*range(0xC0, 0xD7), *range(0xD8, 0xF7), *range(0xF8, 0x180)] if chr(c) not in "ĸŉſĿŀĲĳ"]
    greek = [c for c in map(chr, [*range(0x391, 0x3A2), *range(0x3A3, 0x3AA), *range(0x3B1, 0x3CA)])
             if c not in "ΑΒΕΖΗΙΚΜΝΟΡΤΥΧικνορυμ"]
    cyrillic = [c for c in map(chr, range(0x410, 0x450)) if c not in "АВЕЗКМНОРСТУХаеорсухЙйкз"]
    hiragana = [c for c in map(chr, range(0x3042, 0x3094)) if c not in "ぃぅぇぉっゃゅょゎへべぺゐゑり"]
    katakana = [c for c in map(chr, range(0x30A2, 0x30F4)) if c not in "ィゥェォッャュョヮヰヱリ"]
    # No comma or quotation mark: where it stands is all that tells them apart.
    symbols = list("!#$%&()*+/<=>?@[]{}§¶©®£¥€±÷†‡•…™∂∆∏∑√∞∫≈≠≤≥◊¿¡ªº¤¢«»¬~^")
    found = latin + greek + cyrillic + hiragana + katakana + symbols
    # Zero, capital i, small L and the dotless i are others in too many fonts; μ and Ω have two numbers each.
    found = [c for c in found if c not in "0Ilı"]
    assert len(set(found)) == len(found)
    return found


def name(character: str) -> str:
    return f"U+{ord(character):04X} {unicodedata.name(character)}"


def fraction(*key) -> float:
    """A number in 0 ..< 1 that a key decides."""
    return int.from_bytes(hashlib.sha256(repr(key).encode()).digest()[:8], "big") / 2**64


def faces(root: pathlib.Path, packages: dict[str, str], most: int) -> list[tuple[str, str, str, pathlib.Path]]:
    """Side, family, style and file of the faces that are drawn: at most so many of a family."""
    families = collections.defaultdict(dict)
    for package, side in packages.items():
        listed = (root / f"{package}.files").read_text(encoding="utf-8").split()
        for file in sorted(root / path for path in listed if pathlib.Path(path).suffix in (".ttf", ".otf")):
            family, style = ImageFont.truetype(file, 16).getname()
            if not UNUSUAL.search(f"{family} {style} {re.sub('[-_]', ' ', file.stem)}"):
                # Of a face in two formats the first is taken.
                families[side, family].setdefault(style or "Regular", file)
    chosen = []
    for (side, family), styles in sorted(families.items()):
        order = sorted(styles, key=lambda style: (style not in ("Regular", "Book"), fraction("face", family, style)))
        chosen += [(side, family, style, styles[style]) for style in sorted(order[:most])]
    return chosen


def drawn(font: ImageFont.FreeTypeFont, text: str) -> Image.Image | None:
    """A character in the middle of a canvas, the font's own height deciding its place; nil if it does not fit."""
    middle = CANVAS / 2
    left, top, right, bottom = font.getbbox(text, anchor="ms")
    ascent, descent = font.getmetrics()
    baseline = middle + (ascent - descent) / 2 if ascent + descent < 1.2 * CANVAS else middle + 0.35 * EM * FINE
    # The margin is what turning and moving takes.
    margin = 5 * FINE
    if right - left > CANVAS - margin or baseline + top < margin / 2 or baseline + bottom > CANVAS - margin / 2:
        return None
    image = Image.new("L", (CANVAS, CANVAS))
    ImageDraw.Draw(image).text((middle - (left + right) / 2, baseline), text, font=font, fill=255, anchor="ms")
    return image


def changed(image: Image.Image, *key) -> numpy.ndarray:
    """Turned, sheared, scaled and moved as the key decides, at the final size."""
    def between(low: float, high: float, what: str) -> float:
        return low + (high - low) * fraction(what, *key)

    angle = math.radians(between(-8, 8, "angle"))
    shear = between(-0.12, 0.12, "shear")
    wide, high = between(0.9, 1.1, "width"), between(0.9, 1.1, "height")
    matrix = numpy.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    matrix = numpy.linalg.inv(matrix @ [[1, shear], [0, 1]] @ numpy.diag([wide, high]))
    middle = numpy.full(2, CANVAS / 2)
    shift = FINE * numpy.array([between(-2, 2, "right"), between(-2, 2, "down")])
    offset = middle - matrix @ (middle + shift)
    image = image.transform(image.size, Image.Transform.AFFINE,
                            (*matrix[0], offset[0], *matrix[1], offset[1]), Image.Resampling.BILINEAR)
    levels = numpy.asarray(image.reduce(FINE), dtype=numpy.float64)
    return numpy.round(levels * (LEVELS - 1) / 255).astype(numpy.uint8) * (255 // (LEVELS - 1))


def glyphs(file: pathlib.Path, left_out: collections.Counter) -> dict[str, Image.Image]:
    """The characters that a face has, each drawn."""
    font = ImageFont.truetype(file, EM * FINE, layout_engine=ImageFont.Layout.BASIC)
    absent = {bytes(font.getmask(text)) for text in ABSENT}
    found, seen = {}, set()
    for text in characters():
        mask = font.getmask(text)
        content = bytes(mask)
        if not any(content) or content in absent:
            left_out["missing"] += 1
        elif (mask.size, content) in seen:
            left_out["same as another"] += 1
        elif (image := drawn(font, text)) is None:
            left_out["too large"] += 1
        else:
            seen.add((mask.size, content))
            found[text] = image
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("fonts", type=pathlib.Path, help="folder of unpacked packages and of PACKAGE.files, their lists")
    parser.add_argument("output", type=pathlib.Path)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--faces", type=int, default=4, help="at most so many of a family (default: 4)")
    parser.add_argument("--train-families", type=int, default=5, help="that a class needs (default: 5)")
    parser.add_argument("--test-families", type=int, default=3, help="that a class needs (default: 3)")
    options = parser.parse_args()

    lines = (HERE / "packages.txt").read_text(encoding="utf-8").splitlines()
    packages = dict(line.split() for line in lines if not line.startswith("#"))
    left_out = collections.Counter()
    drawings, families = collections.defaultdict(list), collections.defaultdict(set)
    chosen = faces(options.fonts, packages, options.faces)
    for side, family, style, file in chosen:
        for text, image in glyphs(file, left_out).items():
            drawings[side, text].append((family, style, changed(image, options.seed, family, style, text)))
            families[side, text].add(family)
    kept = [text for text in characters() if len(families["train", text]) >= options.train_families
            and len(families["test", text]) >= options.test_families]
    left_out["class of too few fonts"] = sum(len(d) for (_, text), d in drawings.items() if text not in kept)

    options.output.mkdir(parents=True, exist_ok=True)
    summary = {"seed": options.seed, "size": SIZE, "classes": len(kept), "left_out": dict(left_out),
               "dropped_classes": "".join(text for text in characters() if text not in kept)}
    for side in ("train", "test"):
        rows = [(label, *drawing) for label, text in enumerate(kept) for drawing in drawings[side, text]]
        # Any stretch of the file is a fair sample.
        rows.sort(key=lambda row: fraction("order", options.seed, *row[:3]))
        save_file({"images": numpy.stack([row[3] for row in rows])[:, None],
                   "labels": numpy.array([row[0] for row in rows], dtype=numpy.int64)},
                  options.output / f"{side}.safetensors", metadata={"classes": "\n".join(map(name, kept))})
        used = {row[1:3] for row in rows}
        summary[side] = {"images": len(rows), "families": len({family for family, _ in used}), "faces": len(used)}
    assert not ({f for s, f, *_ in chosen if s == "train"} & {f for s, f, *_ in chosen if s == "test"})
    text = json.dumps(summary, indent=2, ensure_ascii=False)
    (options.output / "summary.json").write_text(text + "\n", encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
