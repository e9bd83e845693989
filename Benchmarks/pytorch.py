#!/usr/bin/env python3
"""Times a dense model in acm and in PyTorch eager, in turns on the same machine, and writes the ratio.

    python3 Benchmarks/pytorch.py MODEL [--acm .build/release/acm] [--output Benchmarks/results/NAME.json]
    python3 Benchmarks/pytorch.py --random vit-b16

MODEL is a Hugging Face folder of a model of texts or of images; --random makes one of a known size with
random weights. Inference: batches of 1 and 32 texts of 128 tokens, or of 1 and 8 images of the model's size,
float32 and bfloat16; on a CUDA device of 1 and 128, bfloat16
alone. Training, for texts: steps of forward, backward, clipping and fused Adam on batches of
32. Both sides use the same number of threads and random inputs; every case is timed in rounds, ours and
theirs by turns, and the smallest of the rounds' medians counts. Needs torch and transformers
(tools/goldens/requirements.txt).
"""

import argparse
import json
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

import torch
import transformers

sys.path.append(str(pathlib.Path(__file__).parent))
import results  # noqa: E402

TOKENS = 128
RANDOM = {
    "vit-b16": lambda: transformers.ViTModel(transformers.ViTConfig()),
    "vit-s16": lambda: transformers.ViTModel(transformers.ViTConfig(
        hidden_size=384, num_attention_heads=6, intermediate_size=1536)),
    "dinov2-s14": lambda: transformers.Dinov2Model(transformers.Dinov2Config(
        hidden_size=384, num_attention_heads=6, image_size=224)),
}


def peer_model(folder: str, dtype: torch.dtype, training: bool):
    architecture = transformers.AutoConfig.from_pretrained(folder).architectures[0]
    model = getattr(transformers, architecture).from_pretrained(folder, dtype=torch.float32 if training else dtype)
    return model.train(False)


def takes_images(folder: str) -> bool:
    return hasattr(transformers.AutoConfig.from_pretrained(folder), "image_size")


def inputs(model, batch: int) -> dict[str, torch.Tensor]:
    if hasattr(model.config, "image_size"):
        size = model.config.image_size
        height, width = (size, size) if isinstance(size, int) else size
        made = {"pixel_values": torch.randn(batch, model.config.num_channels, height, width, dtype=model.dtype)}
    else:
        made = {"input_ids": torch.randint(model.config.vocab_size, (batch, TOKENS)),
                "attention_mask": torch.ones(batch, TOKENS, dtype=torch.long)}
    return {name: tensor.to(model.device) for name, tensor in made.items()}


def median_ms(job, repeats: int, device: str) -> float:
    def finish():
        if device == "cuda":
            torch.cuda.synchronize()

    job()
    finish()
    times = []
    for _ in range(repeats):
        started = time.perf_counter()
        job()
        finish()
        times.append(time.perf_counter() - started)
    return 1000 * statistics.median(times)


def theirs(device: str, folder: str, batch: int, dtype: str, training: bool, repeats: int) -> float:
    kind = getattr(torch, dtype)
    model = peer_model(folder, kind, training).to(device)
    batch_inputs = inputs(model, batch)
    if not training:
        with torch.inference_mode():
            return median_ms(lambda: model(**batch_inputs), repeats, device)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-6, fused=True)

    def step():
        with torch.autocast(device, kind, enabled=kind != torch.float32):
            output = model(**batch_inputs).last_hidden_state
        output.float().square().mean().backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()

    return median_ms(step, repeats, device)


def ours(acm: str, device: str, folder: str, batch: int, dtype: str, training: bool, repeats: int) -> float:
    with tempfile.NamedTemporaryFile(suffix=".json") as file:
        subprocess.run(
            [acm, "benchmark", folder, "--batch-sizes", str(batch), "--dtype", dtype, "--tokens", str(TOKENS),
             "--repeats", str(repeats), "--threads", str(torch.get_num_threads()), "--device", device,
             "--json", file.name]
            + (["--training"] if training else []), check=True, stdout=subprocess.DEVNULL)
        return json.load(open(file.name))["rows"][0]["milliseconds"]["median"]


def measure(options, folder: str, name: str) -> None:
    rows = []
    images = takes_images(folder)
    device = options.device
    batches = ((1, 8) if images else (1, 32)) if device == "cpu" else (1, 128)
    dtypes = ("float32", "bfloat16") if device == "cpu" else ("bfloat16",)
    cases = [(False, batch, dtype) for batch in batches for dtype in dtypes]
    if not images:
        cases += [(True, batches[1], dtype) for dtype in dtypes]
    for training, batch, dtype in cases:
        repeats = 5 if training else 10 if batch > 1 else 20 if images else 50
        pairs = [
            (ours(options.acm, device, folder, batch, dtype, training, repeats),
             theirs(device, folder, batch, dtype, training, repeats))
            for _ in range(options.rounds)
        ]
        our, their = (min(side) for side in zip(*pairs))
        rows.append(["training step" if training else "inference", batch, dtype, round(our, 2), round(their, 2),
                     round(our / their, 3)])
        print(*rows[-1], flush=True)
    if options.output:
        results.write(options.output, title=f"Dense {name} in acm and in PyTorch eager",
                      command="make bench" if device == "cpu" else "python3 Benchmarks/pytorch.py " + " ".join(sys.argv[1:]),
                      hardware=None if device == "cpu" else torch.cuda.get_device_name(), versions={"torch": torch.__version__,
                                                      "transformers": transformers.__version__},
                      notes=("Images of the model's size" if images else f"{TOKENS} tokens a text")
                      + f", {torch.get_num_threads()} threads, smallest median of "
                            f"{options.rounds} rounds by turns.",
                      tables=[{"header": ["task", "batch", "dtype", "acm ms", "PyTorch ms", "acm / PyTorch"],
                               "rows": rows}])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", nargs="?")
    parser.add_argument("--random", choices=RANDOM, help="instead of MODEL, random weights of this size")
    parser.add_argument("--name", help="what to call the model in the results")
    parser.add_argument("--acm", default=".build/release/acm")
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--output", type=pathlib.Path)
    options = parser.parse_args()
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()

    if (options.model is None) == (options.random is None):
        parser.error("give a MODEL or --random")
    with tempfile.TemporaryDirectory() as scratch:
        if options.random:
            torch.manual_seed(0)
            RANDOM[options.random]().save_pretrained(scratch)
        measure(options, options.model or scratch, options.name or options.random or options.model)
    return 0


if __name__ == "__main__":
    sys.exit(main())
