#!/usr/bin/env python3
"""Turns what scripts/check-cuda measured into a file of Benchmarks/results.

    python3 Benchmarks/cuda.py FOLDER Benchmarks/results/NAME.json
"""

import json
import pathlib
import re
import sys

import results


def main() -> int:
    folder, output = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    doctor = (folder / "doctor.txt").read_text()
    parity = json.loads((folder / "parity.json").read_text())
    evaluation = json.loads((folder / "results.json").read_text())
    seconds = re.search(r"\d+", (folder / "conversion.txt").read_text())[0]
    dense = evaluation["dense"]
    rows = [["dense", "", round(dense["macs"] / 1e6, 1), 1, round(dense["probe_accuracy"], 4),
             round(evaluation["budgets"][0]["dense_milliseconds_per_sample"], 3)]]
    rows += [[row["budget"], round(row["load"], 3), round(row["macs"] / 1e6, 1), round(row["mean_cosine"], 4),
              round(row["probe_accuracy"], 4), round(row["milliseconds_per_sample"], 3)]
             for row in evaluation["budgets"]]
    results.write(
        output, title="The executable on a CUDA machine", command="scripts/check-cuda ACM OUTPUT MINILM",
        hardware=re.search(r"cuda:0\s+(.*)", doctor)[1].strip(),
        versions={"torch": re.search(r"libtorch\s+([\d.]+)", doctor)[1]},
        notes="The executable was built elsewhere with a static Swift library; the native library on the machine.",
        tables=[
            {"caption": "Worst difference from transformers on the same device, over all outputs and hidden states "
                        "of each checkpoint of Tests/Goldens.",
             "header": ["checkpoint", "dtype", "outputs", "error", "limit"],
             "rows": [[row["checkpoint"], row["dtype"], row["outputs"], f"{row['error']:.1e}", row["limit"]]
                      for row in parity]},
            {"caption": f"MiniLM-L6-v2 converted with Examples/minilm/cuda.yaml in {seconds} s, measured on "
                        f"{evaluation['samples']} held-out glosses. Reading counts on the host at every module, the "
                        "first form of the gated operator is slower than the dense model on a GPU.",
             "header": ["budget", "load", "MMACs", "cosine to dense", "probe accuracy", "ms a sample"], "rows": rows},
        ])
    return 0


if __name__ == "__main__":
    sys.exit(main())
