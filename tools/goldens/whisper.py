"""Tiny random Whisper checkpoints, and what `transformers` computes and generates with them.

Heads are 4 and 1 channels wide: there, as in true Whispers, the scale of attention is a power of two,
which bfloat16 rounds alike before and after the products. Folders as in models.py; of an
encoder-decoder the hidden states are `encoder_hidden_states.i` and `decoder_hidden_states.i`. The
first vocabulary is laid out as Whisper's: text, end, start, languages, tasks, `<|notimestamps|>`,
timestamps. `generated.json` holds, for each way to call `generate` (greedy), the segments that it
gave; spectrograms are `features.<name>` of `generation_inputs.safetensors`.

`log_mel/<mels>` holds the settings of a feature extractor, `log_mel/audio.safetensors` 1.1 s of sound and
`log_mel/<mels>/features.safetensors` its spectrogram, cut to 1 s, and that of 0.3 s padded to 1 s.
"""

import json
import pathlib

import models
import numpy
import torch
import transformers
from safetensors.torch import save_file

END, START, LANGUAGES, TRANSLATE, TRANSCRIBE, PREVIOUS, NO_SPEECH, NO_TIMESTAMPS = 70, 71, (72, 73, 74), 75, 76, 77, 78, 79
POSITIONS = 14  # of the encoder; as many timestamps after the first
SIZES = dict(
    vocab_size=NO_TIMESTAMPS + 2 + POSITIONS, num_mel_bins=5, d_model=20, encoder_layers=2, decoder_layers=2,
    encoder_attention_heads=5, decoder_attention_heads=20, encoder_ffn_dim=28, decoder_ffn_dim=20,
    max_source_positions=POSITIONS, max_target_positions=24, decoder_start_token_id=START, pad_token_id=END,
    bos_token_id=END, eos_token_id=END, suppress_tokens=None, begin_suppress_tokens=None)
MULTILINGUAL = dict(
    decoder_start_token_id=START, eos_token_id=END, pad_token_id=END, bos_token_id=END, max_length=24,
    is_multilingual=True, lang_to_id={"<|en|>": 72, "<|fr|>": 73, "<|de|>": 74},
    task_to_id={"translate": TRANSLATE, "transcribe": TRANSCRIBE}, no_timestamps_token_id=NO_TIMESTAMPS,
    suppress_tokens=[1, 2, 33, *range(START, NO_TIMESTAMPS)], begin_suppress_tokens=[20, END],
    max_initial_timestamp_index=5, return_timestamps=False, prev_sot_token_id=PREVIOUS)
ENGLISH = dict(
    decoder_start_token_id=START, eos_token_id=END, pad_token_id=END, bos_token_id=END, max_length=24,
    is_multilingual=False, no_timestamps_token_id=NO_TIMESTAMPS, suppress_tokens=[5, *range(START, NO_TIMESTAMPS)],
    begin_suppress_tokens=[END], forced_decoder_ids=[[1, NO_TIMESTAMPS]])
CALLS = [  # name, spectrogram, arguments of `generate`
    ("detected", "batch", {}),
    ("french", "batch", dict(language="fr", task="transcribe")),
    ("translated", "batch", dict(language="de", task="translate")),
    ("task_alone", "one", dict(task="translate")),
    ("timestamps", "batch", dict(language="en", return_timestamps=True)),
    ("timestamps_detected", "one", dict(return_timestamps=True)),
    ("long", "long", dict(language="fr", return_timestamps=True)),
]


def golden(name: str, kind: type, inputs: str, **changes) -> models.Golden:
    return models.Golden(name, kind, transformers.WhisperConfig(**SIZES | changes), inputs, call=dict(use_cache=False))


GOLDENS = [
    golden("whisper", transformers.WhisperForConditionalGeneration, "masked"),
    golden("whisper_english", transformers.WhisperForConditionalGeneration, "whole", activation_function="relu",
           tie_word_embeddings=False, encoder_layers=1),
    golden("whisper_model", transformers.WhisperModel, "masked", decoder_layers=1),
]
SEEDS = {"whisper": 108, "whisper_english": 101, "whisper_model": 102}  # with which texts end and repeat little
GENERATIONS = {
    "whisper": (MULTILINGUAL, CALLS),
    "whisper_english": (ENGLISH, [CALLS[0], ("timestamps", "batch", dict(return_timestamps=True))]),
}


def inputs(config, generator, masked):
    ids = torch.randint(config.vocab_size, (3, 9), generator=generator)
    found = dict(input_features=spectrogram(config, generator, 3, 1), decoder_input_ids=ids)
    if masked:  # padding on the right, in the middle, on the left
        mask = torch.ones(3, 9, dtype=torch.long)
        mask[0, 6:] = mask[1, 3:5] = mask[2, :4] = 0
        found["decoder_attention_mask"] = mask
    return found


def spectrogram(config, generator, batch, windows):
    return torch.randn(batch, config.num_mel_bins, 2 * POSITIONS * windows, generator=generator)


@torch.no_grad()
def generated(model, features, arguments):
    found = model.generate(features, num_beams=1, do_sample=False, return_segments=True, **arguments)
    return [[dict(start=round(float(segment["start"]), 4), end=round(float(segment["end"]), 4),
                  tokens=segment["tokens"].tolist()) for segment in segments] for segments in found["segments"]]


def write_generation(folder, model, settings, calls, generator):
    model.generation_config = transformers.GenerationConfig(**settings)
    model.generation_config.save_pretrained(folder)
    features = {"one": spectrogram(model.config, generator, 1, 1), "batch": spectrogram(model.config, generator, 4, 1),
                "long": spectrogram(model.config, generator, 1, 3)}
    save_file({f"features.{name}": value for name, value in features.items()},
              folder / "generation_inputs.safetensors")
    rows = []
    for name, source, arguments in calls:
        model.generation_config = transformers.GenerationConfig(**settings)  # `generate` changes it
        rows.append(dict(name=name, features=source, language=arguments.get("language"), task=arguments.get("task"),
                         timestamps=arguments.get("return_timestamps", False),
                         segments=generated(model, features[source], arguments)))
    (folder / "generated.json").write_text(json.dumps(rows) + "\n")


def write_models(root, seed):
    for golden in GOLDENS:
        generator = torch.Generator().manual_seed(seed + SEEDS[golden.name])
        model = golden.model(golden.config).eval()
        models.randomise(model, generator)
        with torch.no_grad():  # else one token follows itself for ever, and texts do not end
            decoder = model.get_decoder()
            decoder.layer_norm.bias *= 0.1
            decoder.embed_positions.weight *= 4
            decoder.embed_tokens.weight[[END, *range(NO_TIMESTAMPS, model.config.vocab_size)]] *= 1.5
        found = inputs(model.config, generator, golden.inputs == "masked")
        folder = root / golden.name
        folder.mkdir(parents=True, exist_ok=True)
        model.save_pretrained(folder)
        save_file(found, folder / "inputs.safetensors")
        save_file(models.outputs(model, found, **golden.call), folder / "outputs.safetensors")
        if golden.name in GENERATIONS:
            write_generation(folder, model, *GENERATIONS[golden.name], generator)
        half = {key: value.bfloat16() if value.is_floating_point() else value for key, value in found.items()}
        save_file(models.outputs(model.bfloat16(), half, **golden.call), folder / "outputs.bf16.safetensors")
    return [golden.name for golden in GOLDENS]


def write_spectrograms(root, seed):
    folder = root / "log_mel"
    folder.mkdir(parents=True, exist_ok=True)
    random = numpy.random.default_rng(seed)
    time = numpy.arange(17_600) / 16_000
    sound = 0.4 * numpy.sin(2 * numpy.pi * (200 * time + 1500 * time**2)) * (time < 0.8)
    samples = numpy.int16(20_000 * (sound + 0.05 * random.standard_normal(time.size) * (time > 0.3)))
    save_file({"samples": torch.from_numpy(samples)}, folder / "audio.safetensors")
    audio = samples.astype(numpy.float32) / 32768
    for mels in (80, 128):
        extractor = transformers.WhisperFeatureExtractor(feature_size=mels, chunk_length=1)
        (folder / str(mels)).mkdir(exist_ok=True)
        extractor.save_pretrained(folder / str(mels))
        features = extractor([audio, audio[:4_801]], sampling_rate=16_000, return_tensors="pt").input_features
        # Of the second, whose end is silence, the first half.
        save_file({"cut": features[0].contiguous(), "padded": features[1, :, :50].contiguous()},
                  folder / str(mels) / "features.safetensors")


def write(root: pathlib.Path, seed: int) -> list[str]:
    """Writes the folders below `root`; gives their names."""
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    torch.set_num_threads(1)
    names = write_models(root, seed)
    write_spectrograms(root, seed)
    return names + ["log_mel"]
