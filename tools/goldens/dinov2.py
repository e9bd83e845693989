"""Tiny random DINOv2 checkpoints, and models of images at sizes other than their own.

The folders are those of models.py. Those whose inputs have another size than `image_size` show the
interpolation of position embeddings: DINOv2 does it by itself, ViT and DeiT where the folder's
`call` asks for it. Without a mask token a checkpoint is what its model needs and nothing else.
"""

import pathlib

import torch
import transformers

import models
from models import Golden

SIZES = dict(hidden_size=36, num_attention_heads=3, mlp_ratio=2, num_hidden_layers=2, patch_size=4,
             image_size=16)
ANY_SIZE = dict(call=dict(interpolate_pos_encoding=True), options=("--interpolate-positions",))

GOLDENS = [
    Golden("dinov2", transformers.Dinov2Model, transformers.Dinov2Config(**SIZES), "images"),
    Golden("dinov2_larger", transformers.Dinov2Model,
           transformers.Dinov2Config(**SIZES, use_mask_token=False), "larger_images"),
    Golden("dinov2_wide", transformers.Dinov2ForImageClassification,
           transformers.Dinov2Config(**SIZES, use_mask_token=False, num_channels=5, num_labels=7,
                                     layer_norm_eps=1e-3), "wide_images"),
    Golden("dinov2_swiglu", transformers.Dinov2Model,
           transformers.Dinov2Config(**SIZES, use_mask_token=False, use_swiglu_ffn=True, qkv_bias=False),
           "one_image"),
    Golden("dinov2_registers", transformers.Dinov2WithRegistersModel,
           transformers.Dinov2WithRegistersConfig(**SIZES, num_register_tokens=3), "smaller_images"),
    Golden("dinov2_registers_classifier", transformers.Dinov2WithRegistersForImageClassification,
           transformers.Dinov2WithRegistersConfig(**SIZES, num_register_tokens=2, num_labels=5), "wide_images"),
    Golden("vit_other_size", transformers.ViTModel, transformers.ViTConfig(**models.VISION),
           "wide_images", **ANY_SIZE),
    Golden("deit_other_size", transformers.DeiTModel, transformers.DeiTConfig(**models.VISION),
           "wide_images", **ANY_SIZE),
]


def images_of(rows: int, columns: int, border: int = 0):
    """Two images of so many patches and a border of pixels beyond them."""
    def make(config, generator):
        patch = config.patch_size
        return dict(pixel_values=torch.randn(2, config.num_channels, rows * patch + border,
                                             columns * patch + border, generator=generator))
    return make


INPUTS = models.INPUTS | dict(larger_images=images_of(5, 5, border=1), wide_images=images_of(2, 6),
                              smaller_images=images_of(3, 2))


def write(root: pathlib.Path, seed: int) -> list[str]:
    """Writes a folder for each golden below `root`; gives the folders' names."""
    return models.write_goldens(GOLDENS, INPUTS, root, seed + 1000)
