"""Small images and sounds in every format, and what other decoders make of them.

- `images`: files of each kind, and in `pixels.safetensors` what Pillow's
  `ImageOps.exif_transpose(image).convert("RGB")` gives, `[3, height, width] uint8` by file name. PNGs of
  odd depths and interlaced ones are put together here, since Pillow does not write them. `refused` has
  files of other formats and headers of a thousand million pixels.
- `image_processors`: one `preprocessor_config.json` a folder, and in `pixel_values.safetensors` what
  transformers' Pillow-backed processor of that name gives for some of the images; `resized.safetensors`
  has Pillow's `resize` of the photograph.
- `audio`: files of each kind, and in `samples.safetensors` the mean of their channels as libsndfile (for
  G.722 the G722 package) decodes them, `[samples] float32` at their own rate, and for
  some `<file>@16000` as soxr resamples that.

All pictures and sounds are computed here. libsndfile gives Ogg streams random numbers and writes the time into WAV
files of floats, so those files differ from run to run; what they decode to does not.
"""

import array
import io
import pathlib
import shutil
import struct
import zlib

import numpy as np
import soundfile
import soxr
from G722 import G722
from PIL import Image, ImageOps
from safetensors.numpy import save_file
from transformers.models.bit.image_processing_pil_bit import BitImageProcessorPil
from transformers.models.deit.image_processing_pil_deit import DeiTImageProcessorPil
from transformers.models.vit.image_processing_pil_vit import ViTImageProcessorPil

ADAM7 = [(0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2), (1, 0, 2, 1)]
IMAGENET_MEAN, IMAGENET_STD = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]


def picture(random: np.random.Generator, height: int, width: int) -> np.ndarray:
    """Waves of colour, an edge and some noise."""
    y, x = np.mgrid[0:height, 0:width] / max(height, width)
    waves = [128 + 100 * np.sin(7 * x + 3 * y), 128 + 100 * np.cos(5 * y - 2 * x), 255 * x * y]
    pixels = np.stack(waves, axis=-1)
    pixels[height // 3:height // 2, width // 4:width // 2] = [250, 20, 30]
    return np.clip(pixels + random.normal(0, 6, pixels.shape), 0, 255).astype(np.uint8)


def encoded(image: Image.Image, kind: str, **options) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def png(depth: int, color: int, samples: np.ndarray, *, palette=None, transparency=b"", interlaced=False) -> bytes:
    """A PNG of `[height, width, channels]` samples of this depth and colour type."""

    def scanlines(part: np.ndarray) -> bytes:
        lines = b""
        for line in part.reshape(part.shape[0], -1):
            bits = np.unpackbits(line.astype(">u2").view(np.uint8).reshape(-1, 2), axis=1)[:, 16 - depth:]
            lines += b"\0" + np.packbits(bits.reshape(-1)).tobytes()
        return lines

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    passes = [samples[top::down, left::right] for top, left, down, right in ADAM7] if interlaced else [samples]
    data = b"".join(scanlines(part) for part in passes if part.size)
    height, width, _ = samples.shape
    file = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, color, 0, 0, interlaced))
    if palette is not None:
        file += chunk(b"PLTE", palette.astype(np.uint8).tobytes())
    if transparency:
        file += chunk(b"tRNS", transparency)
    return file + chunk(b"IDAT", zlib.compress(data, 9)) + chunk(b"IEND", b"")


def exif(orientation: int, order: str) -> bytes:
    """Exif data with this orientation behind another tag."""
    start = b"II*\0" if order == "<" else b"MM\0*"
    tags = {0x0100: 99, 0x0112: orientation}
    entries = [struct.pack(order + "HHIHH", tag, 3, 1, value, 0) for tag, value in tags.items()]
    return b"Exif\0\0" + start + struct.pack(order + "IH", 8, 2) + b"".join(entries) + struct.pack(order + "I", 0)


def jpegs(image: Image.Image) -> dict[str, bytes]:
    files = {f"subsampling_{name}.jpg": encoded(image, "JPEG", subsampling=index)
             for index, name in enumerate(("444", "422", "420"))}
    files["grey.jpg"] = encoded(image.convert("L"), "JPEG")
    files["progressive.jpg"] = encoded(image, "JPEG", progressive=True)
    files["restarts.jpg"] = encoded(image, "JPEG", restart_marker_blocks=2)
    files["rgb.jpg"] = encoded(image, "JPEG", keep_rgb=True)
    files["trailing.jpg"] = encoded(image, "JPEG") + b"more bytes"
    inks = np.dstack([255 - np.array(image), np.array(image.convert("L")) // 2])
    cmyk = encoded(Image.fromarray(inks, "CMYK"), "JPEG", quality=90)
    files["cmyk.jpg"] = cmyk
    transform = cmyk.index(b"Adobe") + 11
    files["ycck.jpg"] = cmyk[:transform] + b"\2" + cmyk[transform + 1:]
    files["cmyk_unmarked.jpg"] = cmyk[:transform - 15] + cmyk[transform + 1:]
    for orientation in range(1, 9):
        order = "<" if orientation % 2 else ">"
        files[f"exif_{orientation}.jpg"] = encoded(image, "JPEG", exif=exif(orientation, order))
    files["exif_9.jpg"] = encoded(image, "JPEG", exif=exif(9, "<"))
    return files


def pngs(image: Image.Image, random: np.random.Generator) -> dict[str, bytes]:
    files = {"exif_6.png": encoded(image, "PNG", exif=exif(6, ">")[6:])}
    files["animated.png"] = encoded(image, "PNG", save_all=True, append_images=[image.rotate(180)], duration=100)
    kinds = {"grey": (0, 1, (1, 2, 4, 8, 16)), "rgb": (2, 3, (8, 16)), "palette": (3, 1, (1, 2, 4, 8)),
             "grey_alpha": (4, 2, (8, 16)), "rgb_alpha": (6, 4, (8, 16))}
    for name, (color, channels, depths) in kinds.items():
        for depth in depths:
            samples = random.integers(0, 2**depth, (9, 13, channels))
            palette = random.integers(0, 256, (2**depth, 3)) if name == "palette" else None
            for interlaced in (False, True):
                stem = f"{name}_{depth}" + ("_interlaced" if interlaced else "")
                files[f"{stem}.png"] = png(depth, color, samples, palette=palette, interlaced=interlaced)
    small = random.integers(0, 600, (9, 13, 1))
    files["grey_16_low.png"] = png(16, 0, small)
    files["grey_8_transparent.png"] = png(8, 0, small % 4, transparency=struct.pack(">H", 1))
    files["palette_2_transparent.png"] = png(2, 3, small % 4, palette=random.integers(0, 256, (4, 3)),
                                             transparency=bytes([0, 128]))
    return files


def webps(image: Image.Image) -> dict[str, bytes]:
    fading = image.convert("RGBA")
    fading.putalpha(Image.fromarray(np.tile(np.linspace(0, 255, image.width, dtype=np.uint8), (image.height, 1))))
    files = {"exif_8.webp": encoded(image, "WEBP", exif=exif(8, "<"))}
    for name, options in {"lossy": {"quality": 80}, "lossless": {"lossless": True}}.items():
        files[f"{name}.webp"] = encoded(image, "WEBP", **options)
        files[f"{name}_alpha.webp"] = encoded(fading, "WEBP", **options)
        files[f"{name}_animated.webp"] = encoded(
            fading, "WEBP", save_all=True, append_images=[fading.rotate(180)], duration=100, **options)
    return files


def refused(image: Image.Image, files: dict[str, bytes]) -> dict[str, bytes]:
    """Files of other formats, and headers that claim 31,700 x 31,700 pixels."""
    side = 31700
    frame = files["grey.jpg"].index(b"\xff\xc0") + 5
    header = b"IHDR" + struct.pack(">II", side, side) + files["rgb_8.png"][24:29]
    canvas = files["lossy_animated.webp"].index(b"VP8X") + 12
    return {
        "huge.jpg": files["grey.jpg"][:frame] + struct.pack(">HH", side, side) + files["grey.jpg"][frame + 4:],
        "huge.png": files["rgb_8.png"][:12] + header + struct.pack(">I", zlib.crc32(header)) + files["rgb_8.png"][33:],
        "huge.webp": (files["lossy_animated.webp"][:canvas] + 2 * struct.pack("<I", side - 1)[:3]
                      + files["lossy_animated.webp"][canvas + 6:]),
        "small.gif": encoded(image, "GIF"), "small.bmp": encoded(image, "BMP"), "small.tiff": encoded(image, "TIFF"),
    }


def opened(data: bytes) -> Image.Image:
    return ImageOps.exif_transpose(Image.open(io.BytesIO(data))).convert("RGB")


def planes(image: Image.Image) -> np.ndarray:
    return np.ascontiguousarray(np.moveaxis(np.asarray(image), -1, 0))


def write_images(folder: pathlib.Path, random: np.random.Generator) -> dict[str, Image.Image]:
    image = Image.fromarray(picture(random, 17, 25))
    files = jpegs(image) | pngs(image, random) | webps(image)
    files["photograph.jpg"] = encoded(Image.fromarray(picture(random, 180, 240)), "JPEG", quality=70)
    for name, data in files.items():
        (folder / name).write_bytes(data)
    (folder / "refused").mkdir()
    for name, data in refused(image, files).items():
        (folder / "refused" / name).write_bytes(data)
    images = {name: opened(data) for name, data in files.items()}
    save_file({name: planes(image) for name, image in images.items() if name != "photograph.jpg"},
              folder / "pixels.safetensors")
    return images


PROCESSORS = {
    "vit": (ViTImageProcessorPil, {"size": {"height": 24, "width": 20}}),
    "vit_imagenet": (ViTImageProcessorPil, {"size": {"height": 24, "width": 24}, "resample": 3,
                                            "image_mean": IMAGENET_MEAN, "image_std": IMAGENET_STD}),
    "vit_lanczos": (ViTImageProcessorPil, {"size": {"height": 24, "width": 24}, "resample": 1}),
    "vit_raw": (ViTImageProcessorPil, {"size": {"height": 24, "width": 24}, "do_rescale": False,
                                       "do_normalize": False}),
    "vit_unsized": (ViTImageProcessorPil, {"do_resize": False}),
    "deit": (DeiTImageProcessorPil, {"size": {"height": 32, "width": 32}, "crop_size": {"height": 22, "width": 22}}),
    "deit_padded": (DeiTImageProcessorPil, {"size": {"height": 11, "width": 23},
                                            "crop_size": {"height": 16, "width": 20}, "do_normalize": False}),
    "dinov2": (BitImageProcessorPil, {"size": {"shortest_edge": 32}, "crop_size": {"height": 22, "width": 22},
                                      "image_mean": IMAGENET_MEAN, "image_std": IMAGENET_STD}),
    "bit_uncropped": (BitImageProcessorPil, {"size": {"shortest_edge": 19}, "do_center_crop": False}),
}


def write_processors(folder: pathlib.Path, images: dict[str, Image.Image]) -> None:
    for name, (kind, settings) in PROCESSORS.items():
        processor = kind(**settings)
        chosen = ["subsampling_420.jpg"] if name == "vit_unsized" else ["photograph.jpg", "exif_6.jpg"]
        (folder / name).mkdir()
        (folder / name / "preprocessor_config.json").write_text(processor.to_json_string(), encoding="utf-8")
        save_file({image: processor(images[image], return_tensors="np")["pixel_values"][0].astype(np.float32)
                   for image in chosen}, folder / name / "pixel_values.safetensors")
    photograph = images["photograph.jpg"]
    filters = {"lanczos": Image.LANCZOS, "bilinear": Image.BILINEAR, "bicubic": Image.BICUBIC}
    sizes = {"smaller": (36, 50), "wider": (10, 250), "larger": (37, 37)}
    resized = {}
    for filter_name, number in filters.items():
        for size_name, (height, width) in sizes.items():
            source = photograph if size_name != "larger" else photograph.crop((40, 50, 60, 75))
            resized[f"{filter_name}.{size_name}"] = planes(source.resize((width, height), number))
    save_file(resized, folder / "resized.safetensors")


def sound(random: np.random.Generator, seconds: float, rate: int, channels: int) -> np.ndarray:
    time = np.arange(round(seconds * rate)) / rate
    tones = [0.3 * np.sin(2 * np.pi * (300 + 250 * channel) * time) for channel in range(channels)]
    return np.stack(tones, axis=1) + 0.02 * random.standard_normal((len(time), channels))


SOUNDS = {  # format, subtype, rate, channels
    "u8.wav": ("WAV", "PCM_U8", 8000, 1), "s16.wav": ("WAV", "PCM_16", 16000, 1),
    "s16_stereo.wav": ("WAV", "PCM_16", 44100, 2), "s24_stereo.wav": ("WAV", "PCM_24", 48000, 2),
    "s32.wav": ("WAV", "PCM_32", 22050, 1), "float_stereo.wav": ("WAV", "FLOAT", 11025, 2),
    "double.wav": ("WAV", "DOUBLE", 16000, 1), "alaw.wav": ("WAV", "ALAW", 8000, 1),
    "ulaw_stereo.wav": ("WAV", "ULAW", 8000, 2), "six_channels.wav": ("WAVEX", "PCM_16", 16000, 6),
    "s16.flac": ("FLAC", "PCM_16", 16000, 1), "s16_stereo.flac": ("FLAC", "PCM_16", 44100, 2),
    "s24.flac": ("FLAC", "PCM_24", 48000, 1), "vorbis.ogg": ("OGG", "VORBIS", 16000, 1),
    "vorbis_stereo.ogg": ("OGG", "VORBIS", 44100, 2), "opus_stereo.ogg": ("OGG", "OPUS", 48000, 2),
    "mono.mp3": ("MP3", "MPEG_LAYER_III", 16000, 1), "stereo.mp3": ("MP3", "MPEG_LAYER_III", 44100, 2),
    "mono_48.mp3": ("MP3", "MPEG_LAYER_III", 48000, 1),
}
RESAMPLED = ("s16_stereo.wav", "float_stereo.wav", "s24.flac", "opus_stereo.ogg", "stereo.mp3")


def write_audio(folder: pathlib.Path, random: np.random.Generator) -> None:
    samples = {}
    for name, (kind, subtype, rate, channels) in SOUNDS.items():
        seconds = 0.03 if kind.startswith("WAV") or kind == "FLAC" else 0.08
        soundfile.write(folder / name, sound(random, seconds, rate, channels), rate, format=kind, subtype=subtype)
        decoded, _ = soundfile.read(folder / name, dtype="float32", always_2d=True)
        samples[name] = decoded.mean(axis=1)
        if name in RESAMPLED:
            samples[f"{name}@16000"] = soxr.resample(samples[name], rate, 16000, quality="HQ")
    speech = array.array("h", (32767 * sound(random, 0.08, 16000, 1)[:, 0]).astype(np.int16).tolist())
    coded = bytes(G722(16000, 64000).encode(speech))
    (folder / "mono.g722").write_bytes(coded)
    samples["mono.g722"] = np.array(G722(16000, 64000).decode(coded), dtype=np.float32) / 32768
    save_file(samples, folder / "samples.safetensors")


def write(root: pathlib.Path, seed: int) -> list[str]:
    folders = ["audio", "image_processors", "images"]
    for folder in folders:
        shutil.rmtree(root / folder, ignore_errors=True)
        (root / folder).mkdir(parents=True)
    random = np.random.default_rng(seed)
    images = write_images(root / "images", random)
    write_processors(root / "image_processors", images)
    write_audio(root / "audio", random)
    return folders
