#!/usr/bin/env python3
"""Writes the results of benchmarks: one JSON file each, and Markdown made from it.

    python3 Benchmarks/results.py        # makes the Markdown of every JSON file in Benchmarks/results anew
"""

import datetime
import json
import os
import pathlib
import platform
import re
import subprocess

FOLDER = pathlib.Path(__file__).parent / "results"


def processor() -> str:
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":")[1].strip()
    return platform.machine()


def torch_version() -> dict[str, str]:
    """Of the libtorch that this project was built with."""
    root = pathlib.Path(__file__).resolve().parents[1] / ".deps/torch-root"
    text = (pathlib.Path(root.read_text().strip()) / "include/torch/headeronly/version.h").read_text()
    return {"torch": ".".join(re.findall(r"#define TORCH_VERSION_(?:MAJOR|MINOR|PATCH) (\d+)", text))}


def write(path: pathlib.Path, *, title: str, command: str, versions: dict, tables: list, notes: str = "",
          hardware: str | None = None) -> None:
    """`tables`: objects with `header`, `rows` and perhaps `caption`."""
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True).stdout.strip()
    path.write_text(json.dumps({
        "title": title, "date": datetime.date.today().isoformat(), "commit": commit,
        "hardware": hardware or f"{processor()}, {len(os.sched_getaffinity(0))} cores",
        "versions": versions, "command": command, "notes": notes, "tables": tables,
    }, indent=1) + "\n")
    markdown(path)


def markdown(path: pathlib.Path) -> None:
    """Writes the Markdown of a JSON file beside it."""
    result = json.loads(path.read_text())
    lines = [f"# {result['title']}", "", f"{result['hardware']}; {result['date']}, commit {result['commit']}; "
             + ", ".join(f"{name} {version}" for name, version in result["versions"].items()) + ".", "",
             f"`{result['command']}`", ""]
    if result["notes"]:
        lines += [result["notes"], ""]
    for table in result["tables"]:
        if "caption" in table:
            lines += [table["caption"], ""]
        lines += ["| " + " | ".join(map(str, row)) + " |"
                  for row in [table["header"], ["---"] * len(table["header"]), *table["rows"]]] + [""]
    path.with_suffix(".md").write_text("\n".join(lines))


if __name__ == "__main__":
    for file in sorted(FOLDER.glob("*.json")):
        markdown(file)
