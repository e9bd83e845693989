#!/usr/bin/env python3
"""Compares an operator call from Swift with the same call in C++, by turns.

    python3 Benchmarks/overhead.py [--output Benchmarks/results/NAME.json]
"""

import argparse
import pathlib
import subprocess
import sys

import results

ROOT = pathlib.Path(__file__).resolve().parents[1]
ROUNDS = 5


def nanoseconds(program: pathlib.Path) -> dict[str, int]:
    text = subprocess.run([program], check=True, capture_output=True, text=True).stdout
    return {name: int(value) for name, value in map(str.split, text.splitlines())}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=pathlib.Path)
    options = parser.parse_args()
    programs = {"C++": ROOT / ".build/native/bench_operator", "Swift": ROOT / ".build/release/OperatorOverhead"}
    found = [{name: nanoseconds(program) for name, program in programs.items()} for _ in range(ROUNDS)]
    rows = []
    for call in found[0]["C++"]:
        native, swift = (min(round[name][call] for round in found) for name in programs)
        rows.append([call, native, swift, swift - native])
        print(*rows[-1])
    if options.output:
        results.write(options.output, title="Overhead of an operator call from Swift", command="make bench",
                      versions=results.torch_version(),
                      notes="Tensors of 4 and 8 elements, one thread, no gradients; smallest of "
                            f"{ROUNDS} rounds by turns.",
                      tables=[{"header": ["call", "C++ ns", "Swift ns", "difference ns"], "rows": rows}])
    return 0


if __name__ == "__main__":
    sys.exit(main())
