"""Tiny random checkpoints in Hugging Face's layout, and what `transformers` computes with them.

Each folder holds `config.json` and `model.safetensors` as `save_pretrained` writes them (float32),
`inputs.safetensors`, `outputs.safetensors` (float32 arithmetic) and `outputs.bf16.safetensors`
(bfloat16 weights, inputs and arithmetic, stored as float32). Outputs carry the names that
`transformers` gives them; `hidden_states.0` is the embedding output and `hidden_states.i` is the
output of block i (for the vision models, before the final LayerNorm).

Sizes are chosen to be awkward: a width of 36 with 3 heads, non-square images, five channels.
Every parameter is random - LayerNorm scales, biases, class tokens and position embeddings too, which
`transformers` starts at zero or one - and large enough that attention is far from uniform.
"""

import dataclasses
import math
import pathlib

import torch
import transformers
from safetensors.torch import save_file

WIDTH = dict(hidden_size=36, num_attention_heads=3, intermediate_size=52)
BERT = dict(**WIDTH, vocab_size=101, max_position_embeddings=13, num_hidden_layers=2)
VISION = dict(**WIDTH, num_hidden_layers=2, patch_size=8, image_size=24)


@dataclasses.dataclass(frozen=True)
class Golden:
    name: str
    model: type
    config: transformers.PreTrainedConfig
    inputs: str  # a key of INPUTS
    arguments: dict = dataclasses.field(default_factory=dict)  # of the model's constructor
    call: dict = dataclasses.field(default_factory=dict)  # of its forward pass
    options: tuple[str, ...] = ()  # of `acm run`, for the same


GOLDENS = [
    Golden("bert", transformers.BertModel,
           transformers.BertConfig(**BERT | dict(num_hidden_layers=3)), "text_of_every_padding"),
    Golden("bert_no_pooler", transformers.BertModel,
           transformers.BertConfig(**BERT), "text_alone", dict(add_pooling_layer=False)),
    Golden("bert_classifier", transformers.BertForSequenceClassification,
           transformers.BertConfig(**BERT, num_labels=5), "text_of_full_length"),
    Golden("bert_relu", transformers.BertModel,
           transformers.BertConfig(**BERT, hidden_act="relu", layer_norm_eps=1e-3, type_vocab_size=3),
           "text_of_three_types"),
    Golden("vit", transformers.ViTModel,
           transformers.ViTConfig(**VISION | dict(num_hidden_layers=3)), "images"),
    Golden("vit_classifier", transformers.ViTForImageClassification,
           transformers.ViTConfig(**VISION | dict(image_size=[24, 16]), num_channels=5, num_labels=7,
                                  layer_norm_eps=1e-3), "images"),
    Golden("vit_no_qkv_bias", transformers.ViTModel,
           transformers.ViTConfig(**VISION, qkv_bias=False), "one_image"),
    Golden("vit_tanh_gelu", transformers.ViTModel,
           transformers.ViTConfig(**VISION, hidden_act="gelu_pytorch_tanh", num_channels=1,
                                  pooler_output_size=20), "images"),
    Golden("deit", transformers.DeiTModel, transformers.DeiTConfig(**VISION), "images"),
    Golden("deit_classifier", transformers.DeiTForImageClassification,
           transformers.DeiTConfig(**VISION, num_labels=5), "one_image"),
    Golden("deit_distilled", transformers.DeiTForImageClassificationWithTeacher,
           transformers.DeiTConfig(**VISION | dict(image_size=[16, 24]), num_labels=6), "images"),
]


def text_of_every_padding(config, generator):
    """No padding; padding on the right, on the left, in the middle, scattered; one real token."""
    mask = torch.tensor([
        [1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1],
        [1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0],
        [0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1],
        [1, 1, 1, 1, 0, 0, 0, 0, 1, 1, 1],
        [0, 1, 1, 0, 1, 0, 1, 1, 1, 0, 1],
        [0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0],
    ])
    types = (torch.arange(mask.shape[1]) >= 5).long().expand_as(mask).contiguous()
    return dict(input_ids=random_ids(config, mask, generator), attention_mask=mask, token_type_ids=types)


def text_alone(config, generator):
    """One text, neither mask nor types: both take their defaults, all ones and all zeros."""
    return dict(input_ids=random_ids(config, torch.ones(1, 7, dtype=torch.long), generator))


def text_of_full_length(config, generator):
    """As many tokens as there are positions; a mask, but no types."""
    mask = torch.ones(3, config.max_position_embeddings, dtype=torch.long)
    mask[1, 9:] = 0
    mask[2, :1] = 0
    return dict(input_ids=random_ids(config, mask, generator), attention_mask=mask)


def text_of_three_types(config, generator):
    mask = torch.tensor([[1, 1, 0, 1, 1], [1, 0, 0, 0, 0], [1, 1, 1, 1, 1], [0, 0, 0, 1, 1]])
    types = torch.tensor([[0, 1, 2, 2, 1], [2, 0, 0, 1, 0], [1, 1, 0, 2, 2], [0, 0, 2, 2, 2]])
    return dict(input_ids=random_ids(config, mask, generator), attention_mask=mask, token_type_ids=types)


def random_ids(config, mask, generator):
    """Random ids, the padding id where the mask is zero."""
    ids = torch.randint(1, config.vocab_size, mask.shape, generator=generator)
    return torch.where(mask == 1, ids, config.pad_token_id)


def images(config, generator, count=3):
    size = config.image_size
    height, width = size if isinstance(size, list) else (size, size)
    return dict(pixel_values=torch.randn(count, config.num_channels, height, width, generator=generator))


def one_image(config, generator):
    return images(config, generator, count=1)


INPUTS = {make.__name__: make for make in (
    text_of_every_padding, text_alone, text_of_full_length, text_of_three_types, images, one_image)}


@torch.no_grad()
def randomise(model, generator):
    for name, parameter in model.named_parameters():
        noise = torch.randn(parameter.shape, generator=generator)
        if "norm" in name.lower() and name.endswith("weight"):
            parameter.copy_(1 + 0.3 * noise)
        elif parameter.dim() == 1 or "embeddings" in name and "projection" not in name:
            parameter.copy_(0.5 * noise)
        else:
            parameter.copy_(1.5 * noise / math.sqrt(parameter[0].numel()))


@torch.no_grad()
def outputs(model, inputs, **call):
    """Everything that the model returns, by name, as contiguous float32 tensors."""
    found = model(**inputs, **call, output_hidden_states=True)
    tensors = {}
    for name, value in found.items():
        if torch.is_tensor(value):
            tensors[name] = value
        else:
            tensors |= {f"{name}.{index}": state for index, state in enumerate(value)}
    return {name: tensor.float().contiguous().clone() for name, tensor in tensors.items()}


def write_goldens(goldens: list[Golden], makers: dict, root: pathlib.Path, seed: int) -> list[str]:
    """Writes a folder for each golden below `root`; gives the folders' names."""
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    torch.set_num_threads(1)
    for index, golden in enumerate(goldens):
        generator = torch.Generator().manual_seed(seed + index)
        model = golden.model(golden.config, **golden.arguments).eval()
        randomise(model, generator)
        inputs = makers[golden.inputs](golden.config, generator)

        folder = root / golden.name
        folder.mkdir(parents=True, exist_ok=True)
        model.save_pretrained(folder)
        save_file(inputs, folder / "inputs.safetensors")
        save_file(outputs(model, inputs, **golden.call), folder / "outputs.safetensors")
        half = {name: value.bfloat16() if value.is_floating_point() else value for name, value in inputs.items()}
        save_file(outputs(model.bfloat16(), half, **golden.call), folder / "outputs.bf16.safetensors")
    return [golden.name for golden in goldens]


def write(root: pathlib.Path, seed: int) -> list[str]:
    return write_goldens(GOLDENS, INPUTS, root, seed)
