#!/usr/bin/env python3
"""Times a dense speech model in acm and in PyTorch eager, in turns on the same machine, and measures memory.

    python3 tools/speech/checkpoint.py MODEL    # or a folder of a Whisper model
    python3 Benchmarks/speech.py MODEL [--acm .build/release/acm] [--output Benchmarks/results/NAME.json]
    python3 Benchmarks/speech.py --random whisper-base --device cuda

MODEL is a folder that tools/speech/checkpoint.py wrote, or one of Whisper; --random makes one of a known size with
random weights. Time: one forward, float32 and bfloat16, on a CUDA device bfloat16 alone, of 10 s of noise; of Whisper
a window of 30 s and one token, where nearly all is the encoder's. Both sides have the same number of threads; every
case is timed in rounds, ours and theirs by turns, and the smallest of the rounds' medians counts. Memory, on the CPU
and not of Whisper: the peak of `acm run` on the same input, loading included, over the bytes of the weights. Needs
torch and transformers (tools/goldens/requirements.txt).
"""

import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

import torch
import transformers

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path += [str(ROOT / "Benchmarks"), str(ROOT / "tools" / "speech")]
import checkpoint  # noqa: E402
import results  # noqa: E402

FRAMES = 499  # of 10 s
RANDOM = {
    "whisper-base": lambda: transformers.WhisperForConditionalGeneration(transformers.WhisperConfig(
        d_model=512, encoder_layers=6, decoder_layers=6, encoder_attention_heads=8, decoder_attention_heads=8,
        encoder_ffn_dim=2048, decoder_ffn_dim=2048)),
    "xls-r-300m": lambda: transformers.Wav2Vec2ForCTC(
        transformers.Wav2Vec2Config(**checkpoint.SHAPES["xls-r-300m"])),
}


def samples(config, frames: int) -> int:
    """The fewest samples that give so many frames."""
    for kernel, stride in reversed(list(zip(config.conv_kernel, config.conv_stride))):
        frames = (frames - 1) * stride + kernel
    return frames


def inputs(model) -> dict:
    if model.config.model_type == "whisper":
        sizes = (1, model.config.num_mel_bins, 2 * model.config.max_source_positions)
        made = {"input_features": torch.randn(sizes, dtype=model.dtype),
                "decoder_input_ids": torch.randint(0, model.config.vocab_size, (1, 1))}
    else:
        made = {"input_values": torch.randn(1, samples(model.config, FRAMES), dtype=model.dtype)}
    return {name: tensor.to(model.device) for name, tensor in made.items()}


def theirs(model, repeats: int) -> float:
    def run():
        model(**values)
        if model.device.type == "cuda":
            torch.cuda.synchronize()

    values = inputs(model)
    times = []
    with torch.inference_mode():
        run()
        for _ in range(repeats):
            started = time.perf_counter()
            run()
            times.append(time.perf_counter() - started)
    return 1000 * statistics.median(times)


def ours(acm: str, folder: str, dtype: str, tokens: int, repeats: int, device: str) -> float:
    with tempfile.NamedTemporaryFile(suffix=".json") as file:
        subprocess.run(
            [acm, "benchmark", folder, "--batch-sizes", "1", "--dtype", dtype, "--tokens", str(tokens),
             "--repeats", str(repeats), "--threads", str(torch.get_num_threads()), "--device", device,
             "--json", file.name],
            check=True, stdout=subprocess.DEVNULL)
        return json.load(open(file.name))["rows"][0]["milliseconds"]["median"]


def peak(acm: str, folder: pathlib.Path) -> tuple[int, float]:
    """The largest resident set of `acm run` in bytes, and its seconds from start to end."""
    with tempfile.TemporaryDirectory() as scratch:
        started = time.perf_counter()
        process = subprocess.Popen(
            [acm, "run", folder, "--input", folder / "input.safetensors", "--output",
             pathlib.Path(scratch) / "output.safetensors"])
        _, status, usage = os.wait4(process.pid, 0)
        assert status == 0, f"acm run ended with status {status}"
        return usage.ru_maxrss * 1024, time.perf_counter() - started


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=pathlib.Path, nargs="?")
    parser.add_argument("--random", choices=RANDOM)
    parser.add_argument("--device", default="cpu", choices=["cpu", "cuda"])
    parser.add_argument("--acm", default=".build/release/acm")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--output", type=pathlib.Path)
    options = parser.parse_args()
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()

    if (options.model is None) == (options.random is None):
        parser.error("give a model, or --random")
    with tempfile.TemporaryDirectory() as scratch:
        if options.random:
            options.model = pathlib.Path(scratch) / options.random
            RANDOM[options.random]().save_pretrained(options.model)
        measure(options)
    return 0


def measure(options: argparse.Namespace) -> None:
    on_gpu = options.device == "cuda"
    whisper = json.loads((options.model / "config.json").read_text())["model_type"] == "whisper"
    kind = transformers.WhisperForConditionalGeneration if whisper else transformers.Wav2Vec2ForCTC
    rows, tables = [], []
    if not whisper and not on_gpu:
        weights = (options.model / "model.safetensors").stat().st_size
        bytes_, seconds = peak(options.acm, options.model)
        memory = [round(weights / 1e6), round(bytes_ / 1e6), round(bytes_ / weights, 3), round(seconds, 2)]
        print(*memory)
        tables.append({"caption": "Peak memory of `acm run` in float32: loading, 10 s of audio, writing the logits.",
                       "header": ["weights MB", "peak MB", "peak / weights", "s in all"], "rows": [memory]})
    for dtype in ("bfloat16",) if on_gpu else ("float32", "bfloat16"):
        model = kind.from_pretrained(options.model, dtype=getattr(torch, dtype)).eval().to(options.device)
        pairs = [(ours(options.acm, options.model, dtype, 1 if whisper else FRAMES, options.repeats, options.device),
                  theirs(model, options.repeats)) for _ in range(options.rounds)]
        our, their = (min(side) for side in zip(*pairs))
        rows.append([dtype, round(our, 1), round(their, 1), round(our / their, 3)])
        print(*rows[-1])
    if options.output:
        name = f"Whisper {options.model.name.removeprefix('whisper-')}" if whisper else "XLS-R-300M"
        what = ("A window of 30 s through the encoder, one token of the decoder" if whisper else
                f"Random weights of the true size, 10 s of audio ({FRAMES} frames)")
        results.write(
            options.output, title=f"Dense {name} in acm and in PyTorch eager",
            hardware=torch.cuda.get_device_name() if on_gpu else None,
            command="scripts/check-cuda ACM OUTPUT" if on_gpu else f"scripts/bench {'whisper' if whisper else 'xls-r'}", versions={
                "torch": torch.__version__, "transformers": transformers.__version__},
            notes=f"{what}, batch 1, {torch.get_num_threads()} threads, smallest median of {options.rounds} rounds by "
                  f"turns. Load average at the end: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores.",
            tables=[{"caption": "Milliseconds of one forward.",
                     "header": ["dtype", "acm ms", "PyTorch ms", "acm / PyTorch"], "rows": rows}] + tables)


if __name__ == "__main__":
    sys.exit(main())
