"""Tiny random speech encoders, the CTC loss, masking and tokenizers, as `transformers` has them.

- `wav2vec2*`, `hubert*`, `wavlm*`: checkpoints as in models.py, of both shapes: group norm with post-norm
  blocks, and layer norm with pre-norm blocks; kernels of even and odd width; ragged batches.
- `ctc/losses.safetensors`: losses and gradients of random logits with every reduction.
- `ctc/masks.json`: what `_compute_mask_indices` masks on average.
- `ctc/tokenizers/*`: vocabulary files, and what they encode and decode to.
- `ctc/features`: what `Wav2Vec2FeatureExtractor` makes of ragged audio.
- `ctc/error_rates.json`: word and character error rates by jiwer.
"""

import json
import math
import pathlib
import random

import numpy
import torch
import transformers
from safetensors.torch import load_file, save_file
from transformers.models.wav2vec2.modeling_wav2vec2 import _compute_mask_indices

import models
from models import Golden

SIZES = dict(hidden_size=36, num_attention_heads=3, intermediate_size=52, num_hidden_layers=2, vocab_size=11,
             conv_dim=[20, 24, 28], conv_kernel=[5, 3, 2], conv_stride=[3, 2, 2])
BASE = dict(**SIZES, num_conv_pos_embeddings=8, num_conv_pos_embedding_groups=4)
STABLE = dict(**SIZES, num_conv_pos_embeddings=5, num_conv_pos_embedding_groups=3, do_stable_layer_norm=True,
              feat_extract_norm="layer", conv_bias=True, layer_norm_eps=1e-3)
RELATIVE = dict(num_buckets=12, max_bucket_distance=9)

GOLDENS = [
    Golden("wav2vec2", transformers.Wav2Vec2Model, transformers.Wav2Vec2Config(**BASE), "audio"),
    Golden("wav2vec2_stable", transformers.Wav2Vec2Model, transformers.Wav2Vec2Config(**STABLE), "ragged_audio"),
    Golden("wav2vec2_old_names", transformers.Wav2Vec2Model,
           transformers.Wav2Vec2Config(**BASE | dict(hidden_act="relu", feat_extract_activation="relu")),
           "ragged_audio"),
    Golden("wav2vec2_masked", transformers.Wav2Vec2Model,
           transformers.Wav2Vec2Config(**STABLE, mask_feature_prob=0.1), "masked_audio"),
    Golden("wav2vec2_ctc", transformers.Wav2Vec2ForCTC,
           transformers.Wav2Vec2Config(**STABLE, pad_token_id=3, mask_time_prob=0.0), "ragged_audio"),
    Golden("hubert", transformers.HubertModel, transformers.HubertConfig(**STABLE), "ragged_audio"),
    Golden("hubert_ctc", transformers.HubertForCTC,
           transformers.HubertConfig(**BASE, feat_proj_layer_norm=False), "audio"),
    Golden("wavlm", transformers.WavLMModel, transformers.WavLMConfig(**BASE, **RELATIVE), "ragged_audio"),
    Golden("wavlm_ctc", transformers.WavLMForCTC, transformers.WavLMConfig(**STABLE, **RELATIVE), "ragged_audio"),
]


def audio(config, generator):
    return dict(input_values=torch.randn(2, 203, generator=generator))


def ragged_audio(config, generator):
    """Whole, cut within a frame, and the shortest that gives a frame."""
    mask = (torch.arange(203) < torch.tensor([203, 150, 17])[:, None]).long()
    return dict(input_values=torch.randn(3, 203, generator=generator) * mask, attention_mask=mask)


def masked_audio(config, generator):
    inputs = ragged_audio(config, generator)
    return inputs | dict(mask_time_indices=torch.rand(3, 16, generator=generator) < 0.3)


INPUTS = {make.__name__: make for make in (audio, ragged_audio, masked_audio)}


def randomise(model, generator):
    models.randomise(model, generator)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if name.endswith("weight.original0"):  # the positions' part would be too small to notice
                parameter.copy_(6 + 2 * torch.randn(parameter.shape, generator=generator))
            elif "conv_layers" in name and parameter.dim() == 3 or "feature_projection.projection" in name:  # layers without a norm would grow ever larger
                parameter.div_(1.5)


def write_models(root: pathlib.Path, seed: int) -> None:
    for index, golden in enumerate(GOLDENS):
        generator = torch.Generator().manual_seed(seed + 100 + index)
        model = golden.model(golden.config, **golden.arguments).eval()
        randomise(model, generator)
        inputs = INPUTS[golden.inputs](golden.config, generator)
        folder = root / golden.name
        folder.mkdir(parents=True, exist_ok=True)
        model.save_pretrained(folder)
        if golden.name.endswith("old_names"):
            rename(folder / "model.safetensors")
        save_file(inputs, folder / "inputs.safetensors")
        save_file(models.outputs(model, inputs), folder / "outputs.safetensors")
        if golden.name == "wav2vec2_ctc":
            write_loss(model, inputs, folder, generator)
        half = {name: value.bfloat16() if value.is_floating_point() else value for name, value in inputs.items()}
        save_file(models.outputs(model.bfloat16(), half), folder / "outputs.bf16.safetensors")


def rename(file: pathlib.Path) -> None:
    """The names that checkpoints from before torch 2.0 have."""
    names = {"parametrizations.weight.original0": "weight_g", "parametrizations.weight.original1": "weight_v"}
    tensors = load_file(file)
    for new, old in names.items():
        tensors = {name.replace(new, old): tensor for name, tensor in tensors.items()}
    save_file(tensors, file, metadata={"format": "pt"})


def write_loss(model, inputs, folder: pathlib.Path, generator) -> None:
    labels = torch.randint(4, 11, (3, 6), generator=generator)
    labels[1, 3:] = -100
    labels[2, 1:] = -100
    found = {"labels": labels}
    for reduction in ("sum", "mean"):
        model.config.ctc_loss_reduction = reduction
        with torch.no_grad():
            found[f"loss.{reduction}"] = model(**inputs, labels=labels).loss
    save_file(found, folder / "loss.safetensors")


def write_losses(folder: pathlib.Path, seed: int) -> None:
    """Four rows: plain (of its labels one is the blank, which counts as padding), repeated labels, shorter than its logits, more labels than it has frames."""
    generator = torch.Generator().manual_seed(seed)
    logits = 2 * torch.randn(4, 9, 7, generator=generator)
    labels = torch.tensor([[1, 2, 3, 4, 0], [5, 5, 6, 6, -100], [3, -100, -100, -100, -100], [1, 1, 1, 1, 1]])
    lengths = torch.tensor([9, 8, 4, 6])
    tensors = dict(logits=logits, labels=labels, lengths=lengths)
    for rows, zero_infinity in ((3, False), (4, True)):
        for reduction in ("sum", "mean"):
            leaf = logits[:rows].clone().requires_grad_()
            loss = transformers.loss.loss_ctc.ForCTCLoss(
                leaf, labels[:rows], lengths[:rows], blank_token_id=2, reduction=reduction,
                zero_infinity=zero_infinity)
            loss.backward()
            tensors[f"{reduction}.{rows}.loss"] = loss.detach()
            tensors[f"{reduction}.{rows}.gradient"] = leaf.grad
    save_file(tensors, folder / "losses.safetensors")


def write_masks(folder: pathlib.Path, seed: int) -> None:
    """The mean share of masked frames, and of masked starts of a row, over many draws."""
    numpy.random.seed(seed % 2**32)
    cases = []
    for probability, length, minimum, lengths in [
            (0.5, 10, 2, [100, 60]), (0.05, 10, 0, [499]), (0.65, 3, 0, [40, 31, 12]), (0.05, 10, 2, [30, 12])]:
        count = lengths[0]
        mask = torch.arange(count) < torch.tensor(lengths)[:, None]
        draws = 3000
        sums = numpy.zeros(len(lengths))
        first = numpy.zeros(len(lengths))
        for _ in range(draws):
            found = _compute_mask_indices((len(lengths), count), probability, length, mask.long(), minimum)
            found = found & mask.numpy()
            sums += found.sum(1)
            first += found[:, 0]
        cases.append(dict(probability=probability, length=length, minimum=minimum, lengths=lengths,
                          masked=[round(float(value), 5) for value in sums / draws / numpy.array(lengths)],
                          first=[round(float(value), 5) for value in first / draws]))
    (folder / "masks.json").write_text(json.dumps(cases, indent=1) + "\n")


LETTERS = "ETAOINHSRDLUMWCFGYPBVK'XJQZ"
TOKENIZERS = {
    # Every token in vocab.json, upper-case, as English checkpoints have it.
    "upper": (dict(zip(["<pad>", "<s>", "</s>", "<unk>", "|", *LETTERS], range(32))), dict(do_lower_case=False)),
    # Lower-case texts of an upper-case vocabulary.
    "lowered": (dict(zip(["<pad>", "<s>", "</s>", "<unk>", "|", *LETTERS, "ÉS", "É"], range(34))),
                dict(do_lower_case=True)),
    # As fine-tuning on one's own data makes it: other names, bos and eos beside the vocabulary.
    "added": (dict(zip(["|", *"abcdefghijklmnñopqrstuvwxyzáéíóú", "e\u0301", "ch", "[UNK]", "[PAD]"], range(37))),
              dict(unk_token="[UNK]", pad_token="[PAD]", word_delimiter_token="|", clean_up_tokenization_spaces=True)),
    # Another delimiter, shown as an underscore; gaps between ids.
    "delimited": (dict(zip(["<pad>", "<unk>", "<s>", "</s>", " ", *"abc.,!?'"], range(0, 39, 3))),
                  dict(word_delimiter_token=" ", replace_word_delimiter_char="_")),
}
TEXTS = ["HELLO WORLD", "hello world", "  two  spaces ", "", "IT'S A TEST", "niño café", "cafe\u0301s ch chico", "ÉS ÉTÉ",
         "straße ÉS", "a|b", "<pad>x<s> </s>y", "[UNK] a [PAD]b", "中文 abc", "a.b, c! d?", "it 's ok , yes . no ?",
         "\tab\u00a0c ", "| a |"]


def write_tokenizers(root: pathlib.Path, seed: int) -> None:
    generator = random.Random(seed)
    for name, (vocabulary, settings) in TOKENIZERS.items():
        folder = root / name
        folder.mkdir(parents=True, exist_ok=True)
        file = folder / "vocab.json"
        file.write_text(json.dumps(vocabulary, ensure_ascii=False), encoding="utf-8")
        # Not read back with from_pretrained, which forgets another word delimiter than "|".
        tokenizer = transformers.Wav2Vec2CTCTokenizer(str(file), **settings)
        tokenizer.save_pretrained(folder)
        count = max(vocabulary.values()) + 4
        sequences = [[], [0], [generator.randrange(count)] * 5]
        sequences += [tokenizer(text).input_ids for text in TEXTS]
        for size in (3, 10, 40, 80):
            for _ in range(4):
                row = [generator.randrange(count) for _ in range(size)]
                pad = tokenizer.pad_token_id
                sequences.append([i for one in row for i in [one] * generator.randint(1, 3)
                                  + [pad] * generator.randint(0, 1)])
        cases = dict(
            pad=tokenizer.pad_token_id,
            encoded=[dict(text=text, ids=tokenizer(text).input_ids) for text in TEXTS],
            decoded=[dict(ids=ids, text=tokenizer.decode(ids), plain=tokenizer.decode(ids, skip_special_tokens=True),
                          ungrouped=tokenizer.decode(ids, group_tokens=False)) for ids in sequences])
        (folder / "cases.json").write_text(json.dumps(cases, ensure_ascii=False) + "\n", encoding="utf-8")


def write_features(folder: pathlib.Path, seed: int) -> None:
    """The same ragged audio with and without normalisation, masks and a padding value."""
    folder.mkdir(parents=True, exist_ok=True)
    generator = numpy.random.default_rng(seed)
    rows = [(0.3 + scale * generator.standard_normal(count)).astype(numpy.float32)
            for scale, count in ((0.1, 120), (2.0, 75), (0.0, 40))]
    tensors = {f"audio.{index}": torch.from_numpy(row) for index, row in enumerate(rows)}
    for name, settings in {
            "masked": dict(do_normalize=True, return_attention_mask=True),
            "unmasked": dict(do_normalize=True, return_attention_mask=False),
            "raw": dict(do_normalize=False, return_attention_mask=True, padding_value=-1.5),
            "valued": dict(do_normalize=True, return_attention_mask=True, padding_value=0.25)}.items():
        extractor = transformers.Wav2Vec2FeatureExtractor(**settings)
        (folder / name).mkdir(exist_ok=True)
        extractor.save_pretrained(folder / name)
        for kind, batch in {"batch": rows, "one": rows[:1]}.items():
            found = extractor(batch, padding=True, return_tensors="pt", sampling_rate=16000)
            tensors |= {f"{name}.{kind}.{key}": value.contiguous() for key, value in found.items()}
    save_file(tensors, folder / "features.safetensors")


def write_error_rates(folder: pathlib.Path, seed: int) -> None:
    import jiwer  # here, since the models above are compared on machines without it

    generator = random.Random(seed)
    words = "the cat sat on a mat and then it's not co-operative né über".split()
    pairs = [("hello world", "hello world"), ("hello world", "world hello"), ("a b c", ""), ("a", "a b c d e"),
             ("Hello, World!", "hello world"), ("  two   spaces ", "two spaces"), ("it's", "its")]
    for _ in range(40):
        reference = [generator.choice(words) for _ in range(generator.randint(1, 12))]
        found = []
        for word in reference:
            found += {0: [], 1: [generator.choice(words)], 2: [word, generator.choice(words)]}.get(
                generator.randint(0, 6), [word])
        pairs.append((" ".join(reference), " ".join(found)))
    plain = jiwer.Compose([jiwer.ToLowerCase(), jiwer.RemovePunctuation(), jiwer.RemoveMultipleSpaces(), jiwer.Strip(),
                           jiwer.ReduceToListOfListOfWords()])
    rows = []
    for reference, found in pairs:
        word, letter = jiwer.process_words(reference, found), jiwer.process_characters(reference, found)
        rows.append(dict(reference=reference, hypothesis=found, word=word.wer, character=letter.cer,
                         plainWord=jiwer.wer(reference, found, plain, plain)))
    references, found = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    content = dict(rows=rows, word=jiwer.wer(references, found), character=jiwer.cer(references, found))
    (folder / "error_rates.json").write_text(json.dumps(content, ensure_ascii=False, indent=0) + "\n",
                                             encoding="utf-8")


def write(root: pathlib.Path, seed: int) -> list[str]:
    """Writes all folders below `root`; gives their names."""
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    torch.set_num_threads(1)
    folder = root / "ctc"
    folder.mkdir(parents=True, exist_ok=True)
    write_models(root, seed)
    write_losses(folder, seed)
    write_masks(folder, seed)
    write_tokenizers(folder / "tokenizers", seed)
    write_features(folder / "features", seed)
    write_error_rates(folder, seed)
    return [golden.name for golden in GOLDENS] + ["ctc"]
