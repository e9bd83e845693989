"""Goldens of Sources/Datasets: tar archives of three formats, and Pillow's pixels for augmentation."""

import io
import pathlib
import tarfile

import numpy as np
from PIL import Image, ImageEnhance, ImageOps
from safetensors.numpy import save_file

FORMATS = {"ustar": tarfile.USTAR_FORMAT, "gnu": tarfile.GNU_FORMAT, "pax": tarfile.PAX_FORMAT}
SIZE = 16
BOXES = [(0, 0, 40, 30), (3, 5, 20, 9), (10, 2, 8, 27), (0, 0, 16, 16)]  # left, top, width, height


def archive(form: str) -> bytes:
    """Long names, a folder, a link, an empty file; ustar takes no name of more than 255 bytes."""
    output = io.BytesIO()
    with tarfile.open(fileobj=output, mode="w", format=FORMATS[form]) as tar:
        def add(name: str, content: bytes = b"", **changes):
            info = tarfile.TarInfo(name)
            info.size = len(content)
            for key, value in changes.items():
                setattr(info, key, value)
            tar.addfile(info, io.BytesIO(content))

        add("folder/", type=tarfile.DIRTYPE)
        add("folder/plain.txt", b"plain")
        add("folder/link", type=tarfile.SYMTYPE, linkname="plain.txt")
        add("folder/empty")
        add("folder/" + "n" * 80 + "/" + "m" * 60 + ".txt", b"long")
        if form != "ustar":
            add("ŝulo/" + "x" * 240 + ".txt", b"longer")
        add("last.bin", bytes(number % 251 for number in range(1000)))
    return output.getvalue().rstrip(b"\0") + bytes(-len(output.getvalue().rstrip(b"\0")) % 512 + 1024)


def levels(image: Image.Image) -> np.ndarray:
    return np.ascontiguousarray(np.asarray(image.convert("RGB")).transpose(2, 0, 1))


def pixels(seed: int) -> dict[str, np.ndarray]:
    """A smooth picture with noise, and what Pillow makes of it."""
    random = np.random.default_rng(seed)
    y, x = np.mgrid[0:30, 0:40]
    waves = np.stack([np.sin(x / 5), np.cos(y / 4), np.sin((x + y) / 7)], axis=-1)
    array = np.clip(128 + 90 * waves + random.normal(0, 12, waves.shape), 0, 255).astype(np.uint8)
    image = Image.fromarray(array)
    found = {"image": levels(image), "boxes": np.array(BOXES, dtype=np.int64)}
    for index, (left, top, width, height) in enumerate(BOXES):
        crop = image.crop((left, top, left + width, top + height))
        found[f"crop.{index}"] = levels(crop.resize((SIZE, SIZE), Image.Resampling.BICUBIC))
    found["grayscale"] = levels(ImageOps.grayscale(image))
    found["solarisation"] = levels(ImageOps.solarize(image))
    for name, kind in (("brightness", ImageEnhance.Brightness), ("contrast", ImageEnhance.Contrast),
                       ("saturation", ImageEnhance.Color)):
        for factor in (0.7, 1.3):
            found[f"{name}.{factor}"] = levels(kind(image).enhance(factor))
    return found


def write(root: pathlib.Path, seed: int) -> list[str]:
    folder = root / "datasets"
    folder.mkdir(parents=True, exist_ok=True)
    for form in FORMATS:
        (folder / f"{form}.tar").write_bytes(archive(form))
    save_file(pixels(seed), folder / "pixels.safetensors")
    return ["datasets"]
