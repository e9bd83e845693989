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
    tables = [{"caption": "Worst difference from transformers on the same device, over all outputs and hidden states "
                          "of each checkpoint of Tests/Goldens.",
               "header": ["checkpoint", "dtype", "outputs", "error", "limit"],
               "rows": [[row["checkpoint"], row["dtype"], row["outputs"], f"{row['error']:.1e}", row["limit"]]
                        for row in parity]}]
    results.write(
        output, title="The executable on a CUDA machine", command="scripts/check-cuda ACM OUTPUT",
        hardware=re.search(r"cuda:0\s+(.*)", doctor)[1].strip(),
        versions={"torch": re.search(r"libtorch\s+([\d.]+)", doctor)[1]},
        notes="The executable was built elsewhere with a static Swift library; the native library on the machine.",
        tables=tables)
    return 0


if __name__ == "__main__":
    sys.exit(main())
