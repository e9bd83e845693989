#!/usr/bin/env python3
"""Times attention on a GPU: which of libtorch's kernels `acm::scaled_dot_product_attention` takes, and the others.

    python3 Benchmarks/attention_cuda.py [--library .build/native-cuda/libacm.so] [--output Benchmarks/results/NAME.json]

bfloat16, heads of 64 channels; microseconds of a forward pass without gradients, and of one with its backward pass; and
what the first call with a new length takes longer than the second, in milliseconds.
"""

import argparse
import pathlib
import statistics
import sys
import time

import torch
import torch.nn.functional as functional
from torch.nn.attention import SDPBackend, sdpa_kernel

import results

# batch, heads, queries, keys, masked; and whose they are.
SHAPES = {
    "ViT-B": (128, 12, 197, 197, False), "letters": (1024, 3, 50, 50, False), "text": (2048, 12, 16, 16, True),
    "longer text": (512, 12, 32, 32, True), "speech": (64, 6, 150, 150, True), "Whisper": (16, 8, 1500, 1500, False),
    "Whisper's decoder": (16, 8, 1, 1500, False)}
BACKENDS = {"cuDNN": SDPBackend.CUDNN_ATTENTION, "flash": SDPBackend.FLASH_ATTENTION,
            "efficient": SDPBackend.EFFICIENT_ATTENTION}


def microseconds(call, rounds: int = 20) -> float:
    for _ in range(5):
        call()
    times = []
    for _ in range(rounds):
        first, last = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        first.record()
        for _ in range(5):
            call()
        last.record()
        last.synchronize()
        times.append(first.elapsed_time(last) * 200)
    return statistics.median(times)


def way(name: str):
    """A function of query, key, value and mask."""
    if name == "acm":
        return lambda q, k, v, mask: torch.ops.acm.scaled_dot_product_attention(q, k, v, mask)

    def run(q, k, v, mask):
        with sdpa_kernel([BACKENDS[name]]):
            return functional.scaled_dot_product_attention(q, k, v, attn_mask=mask)
    return run


def inputs(batch: int, heads: int, queries: int, keys: int, masked: bool):
    draw = [torch.randn(batch, tokens, heads, 64, device="cuda", dtype=torch.bfloat16).transpose(1, 2).requires_grad_()
            for tokens in (queries, keys, keys)]
    mask = torch.ones(batch, 1, 1, keys, device="cuda", dtype=torch.bool) if masked else None
    return [*draw, mask]


def row(of: str, name: str) -> list | None:
    shape = SHAPES[of]
    run, own = way(name), inputs(*shape)
    torch.cuda.synchronize()
    seconds = []
    batch, heads, queries, keys, masked = shape
    fresh = inputs(batch, heads, queries if queries == 1 else queries + 1, keys + 1, masked)
    with torch.no_grad():
        for _ in range(2):
            started = time.perf_counter()
            try:
                run(*fresh)
            except RuntimeError:  # of a kernel that does not take this
                return None
            torch.cuda.synchronize()
            seconds.append(time.perf_counter() - started)
        forward = microseconds(lambda: run(*own))
    both = microseconds(lambda: run(*own).sum().backward())
    return [of, "×".join(map(str, shape[:4])) + (", mask" if masked else ""), name, f"{forward:.1f}", f"{both:.1f}",
            f"{1e3 * (seconds[0] - seconds[1]):.1f}"]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--library", default=".build/native-cuda/libacm.so")
    parser.add_argument("--output", type=pathlib.Path)
    options = parser.parse_args()
    torch.ops.load_library(str(pathlib.Path(options.library).resolve()))
    header = ["of", "batch × heads × queries × keys", "kernel", "forward µs", "with backward µs", "first call + ms"]
    rows = [found for of in SHAPES for name in ["acm", *BACKENDS] if (found := row(of, name))]
    for line in [header, *rows]:
        print(" | ".join(line))
    if options.output:
        results.write(options.output, title="Attention on a CUDA device", command="python3 Benchmarks/attention_cuda.py",
                      versions={"torch": torch.__version__}, hardware=torch.cuda.get_device_name(),
                      notes="bfloat16, heads of 64 channels.", tables=[{"header": header, "rows": rows}])
    return 0


if __name__ == "__main__":
    sys.exit(main())
