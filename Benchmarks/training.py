#!/usr/bin/env python3
"""Times `acm train-dense` and the three phases of `acm convert` against an equal loop in PyTorch, on random images.

    python3 Benchmarks/training.py [--acm .build/release/acm] [--device cuda] [--output Benchmarks/results/NAME.json]

The model is a ViT-S/16 at 224 pixels with 1,000 classes, the data a packed set of 2,048 images. Both sides read it
ahead in threads, normalise on the device, run in bfloat16 on CUDA, take fused Adam steps with clipped gradients and do
not wait for the device but at the end; both do the same arithmetic, which `docs/method.md` describes. Memory is the
most that the tensors took on the device. Needs torch, safetensors and transformers.
"""

import argparse
import json
import pathlib
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor

import torch
import torch.nn.functional as F
from safetensors.torch import save_file
from torch import nn

import pytorch
import results

CLASSES, LEARNERS, GATE_WIDTH, BLOCKS = 1000, 4, 16, 12
WARM = 10  # steps that do not count
WORKERS = 4


class Gate(nn.Module):
    """g(z) + u(β)."""

    def __init__(self, width: int):
        super().__init__()
        self.tokens = nn.Sequential(nn.Linear(width, GATE_WIDTH), nn.GELU(), nn.Linear(GATE_WIDTH, GATE_WIDTH),
                                    nn.GELU(), nn.Linear(GATE_WIDTH, LEARNERS + 1))
        self.budget = nn.Sequential(nn.Linear(1, GATE_WIDTH), nn.GELU(), nn.Linear(GATE_WIDTH, LEARNERS + 1))

    def forward(self, x, budget: float):
        return self.tokens(x).float() + self.budget(torch.full((1,), budget, device=x.device))


class Adaptive(nn.Module):
    """A feed-forward as learners and a gate."""

    def __init__(self, width: int, hidden: int):
        super().__init__()
        self.up, self.down, self.gate = nn.Linear(width, hidden), nn.Linear(hidden, width), Gate(width)

    def hidden(self, x):
        return F.gelu(self.up(x)).unflatten(-1, (LEARNERS, -1))

    def prefixes(self, x):  # [learners, rows, width]
        weights = self.down.weight.unflatten(1, (LEARNERS, -1)).permute(1, 2, 0)
        return (self.hidden(x).transpose(0, 1) @ weights).cumsum(0) + self.down.bias

    def forward(self, x, budget: float):
        logits = self.gate(x, budget)
        soft = ((logits - torch.empty_like(logits).exponential_().log()) / 0.8).softmax(-1)
        hard = F.one_hot(soft.detach().argmax(-1), LEARNERS + 1).to(soft.dtype)
        one_hot = hard - soft.detach() + soft
        tails = one_hot.flip(-1).cumsum(-1).flip(-1)[..., 1:]
        hidden = self.hidden(x)
        return self.down((hidden * tails.to(hidden.dtype).unsqueeze(-1)).flatten(-2)), one_hot


class Dense(nn.Module):
    def __init__(self, width: int, hidden: int):
        super().__init__()
        self.up, self.down = nn.Linear(width, hidden), nn.Linear(hidden, width)

    def forward(self, x, budget: float):
        return self.down(F.gelu(self.up(x))), None


class Block(nn.Module):
    def __init__(self, width: int, heads: int, feed_forward: nn.Module):
        super().__init__()
        self.heads, self.before, self.after = heads, nn.LayerNorm(width), nn.LayerNorm(width)
        self.query, self.key, self.value, self.output = (nn.Linear(width, width) for _ in range(4))
        self.feed_forward = feed_forward

    def forward(self, x, budget: float):
        y = self.before(x)
        q, k, v = (layer(y).unflatten(-1, (self.heads, -1)).transpose(1, 2)
                   for layer in (self.query, self.key, self.value))
        x = x + self.output(F.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2))
        given = self.after(x)
        out, one_hot = self.feed_forward(given, budget)
        return x + out, (given, out, one_hot)


class ViT(nn.Module):
    def __init__(self, kind, width: int = 384, heads: int = 6, hidden: int = 1536, patch: int = 16, size: int = 224):
        super().__init__()
        self.patches = nn.Conv2d(3, width, patch, patch)
        self.first = nn.Parameter(torch.zeros(1, 1, width))
        self.places = nn.Parameter(torch.zeros(1, (size // patch) ** 2 + 1, width))
        self.blocks = nn.ModuleList(Block(width, heads, kind(width, hidden)) for _ in range(BLOCKS))
        self.norm, self.head = nn.LayerNorm(width), nn.Linear(width, CLASSES)

    def forward(self, images, budget: float = 1.0):
        x = self.patches(images).flatten(2).transpose(1, 2)
        x = torch.cat([self.first.expand(len(x), -1, -1).to(x.dtype), x], 1) + self.places
        seen = []
        for block in self.blocks:
            x, one = block(x, budget)
            seen.append(one)
        return self.head(self.norm(x)[:, 0]), seen


def batches(images, labels, size: int, count: int, device: str):
    """Batches read ahead in threads, normalised on the device."""
    generator = torch.Generator().manual_seed(0)

    def read(places):
        read = images[places], labels[places]
        return tuple(t.pin_memory() for t in read) if device == "cuda" else read

    with ThreadPoolExecutor(WORKERS) as pool:
        def ask():
            waiting.append(pool.submit(read, torch.randint(len(images), (size,), generator=generator)))

        waiting = []
        for _ in range(2 * WORKERS):
            ask()
        for _ in range(count):
            pixels, classes = waiting.pop(0).result()
            ask()
            yield (pixels.to(device, non_blocking=True).float() / 127.5 - 1), classes.to(device, non_blocking=True)


def spending(errors, budget: float):
    """For squared errors [choices, rows] of each module the choices that spend a budget best."""
    costs = torch.arange(LEARNERS + 1, device=errors[0].device).unsqueeze(-1) / (LEARNERS * len(errors))
    low, high = (torch.full((), x, device=costs.device).log() for x in (1e-6, 1e6))

    def labels(price):
        return [(-(error + costs * price)).argmax(0) for error in errors]

    for _ in range(16):
        middle = (low + high) / 2
        load = sum(costs.squeeze(-1)[label].mean() for label in labels(middle.exp()))
        low, high = torch.where(load > budget, middle, low), torch.where(load > budget, high, middle)
    return labels(high.exp())


def dense_loss(student, teacher, images, labels):
    return F.cross_entropy(student(images)[0].float(), labels)


def taught(student, teacher, images):
    with torch.no_grad():
        _, seen = teacher(images)
    return [(block.feed_forward, given.flatten(0, 1), out.flatten(0, 1).float())
            for block, (given, out, _) in zip(student.blocks, seen)]


def learner_loss(student, teacher, images, labels):
    return torch.stack([(module.prefixes(given).float() - out).square().sum(-1).mean()
                        for module, given, out in taught(student, teacher, images)]).mean()


def gate_loss(student, teacher, images, labels):
    slots = taught(student, teacher, images)
    with torch.no_grad():
        errors = [(torch.cat([module.down.bias.expand(1, len(out), -1), module.prefixes(given).float()]) - out)
                  .norm(dim=-1).square() for module, given, out in slots]
        budgets = [0.15 + 0.85 * (part + 0.5) / 4 for part in range(4)]
        chosen = [spending(errors, budget) for budget in budgets]
    return torch.stack([F.cross_entropy(module.gate(given, budget), label)
                        for budget, choices in zip(budgets, chosen)
                        for (module, given, _), label in zip(slots, choices)]).mean()


def whole_loss(student, teacher, images, labels, budget: float = 0.5, temperature: float = 2.0):
    logits, seen = student(images, budget)
    logits = logits.float()
    with torch.no_grad():
        target = (teacher(images)[0].float() / temperature).log_softmax(-1)
    kept = F.kl_div((logits / temperature).log_softmax(-1), target, reduction="batchmean", log_target=True)
    task = 0.5 * F.cross_entropy(logits, labels) + 0.5 * temperature ** 2 * kept
    numbers = torch.arange(LEARNERS + 1, device=logits.device, dtype=torch.float32)
    counts = [one_hot @ numbers for *_, one_hot in seen]
    loads = torch.stack([count.mean(1) for count in counts]).mean(0) / LEARNERS
    entropy = sum((one_hot.mean(1) * one_hot.mean(1).clamp(min=1e-20).log()).sum(1).mean()
                  / torch.log(torch.tensor(LEARNERS + 1.0)).item() for *_, one_hot in seen) / len(seen)
    diversity = -(loads.unsqueeze(0) - loads.unsqueeze(1)).abs().mean()
    return task + 5 * (loads.mean() - budget).abs() + 0.01 * entropy + 0.01 * diversity


def theirs(task: str, images, labels, options) -> dict:
    torch.manual_seed(0)
    teacher = ViT(Dense).to(options.device)
    student = teacher if task == "train-dense" else ViT(Adaptive).to(options.device)
    modules = [block.feed_forward for block in student.blocks]
    loss, groups = {
        "train-dense": (dense_loss, [(student.parameters(), 1)]),
        "phase I": (learner_loss, [([p for m in modules for layer in (m.up, m.down) for p in layer.parameters()], 1)]),
        "phase II": (gate_loss, [([p for m in modules for p in getattr(m, "gate", m).parameters()], 1)]),
        "phase III": (whole_loss, [([p for n, p in student.named_parameters() if ".gate." not in n], 1),
                                   ([p for n, p in student.named_parameters() if ".gate." in n], 30)]),
    }[task]
    groups = [(list(parameters), factor) for parameters, factor in groups]
    student.requires_grad_(False)
    for parameters, _ in groups:
        for parameter in parameters:
            parameter.requires_grad_(True)
    optimizer = torch.optim.AdamW(
        [{"params": parameters, "lr": 1e-4 * factor} for parameters, factor in groups], weight_decay=0, fused=True)
    trained = [parameter for parameters, _ in groups for parameter in parameters]
    if options.device == "cuda":
        torch.cuda.reset_peak_memory_stats()
    started = 0.0
    for step, (pixels, classes) in enumerate(
            batches(images, labels, options.batch, options.steps + WARM, options.device)):
        if step == WARM:
            if options.device == "cuda":
                torch.cuda.synchronize()
            started = time.perf_counter()
        optimizer.zero_grad()
        with torch.autocast(options.device, torch.bfloat16, enabled=options.device == "cuda"):
            value = loss(student, teacher, pixels, classes)
        value.backward()
        nn.utils.clip_grad_norm_(trained, 1.0)
        optimizer.step()
    value.item()
    speed = options.batch * options.steps / (time.perf_counter() - started)
    return {"speed": speed, "bytes": torch.cuda.max_memory_allocated() if options.device == "cuda" else None}


def ours(packed: str, model: str, options) -> dict[str, dict]:
    """Of each task the speed after its start, as what more steps take, and the memory."""
    precision = "bfloat16" if options.device == "cuda" else "float32"

    def timed(steps: int) -> dict[str, dict]:
        """The seconds and the memory of each task."""
        def optimisation(path):
            values = {"batchSize": options.batch, "steps": steps}
            return [x for name, value in values.items() for x in ("--set", f"{path}optimisation.{name}={value}")]

        with tempfile.TemporaryDirectory() as scratch:
            common = ["--data", packed, "--split", "all", "--device", options.device, "--workers", str(WORKERS),
                      "--set", f"precision={precision}"]
            subprocess.run(
                [options.acm, "train-dense", model, "--output", f"{scratch}/dense", "--test-split", "none",
                 "--set", "weightDecay=0", *common, *optimisation("")], check=True, stdout=subprocess.DEVNULL)
            phases = {"distillation": "phase I", "gatePretraining": "phase II", "finetuning": "phase III"}
            subprocess.run(
                [options.acm, "convert", f"{scratch}/dense", "--output", f"{scratch}/model",
                 "--set", "calibrationSamples=0", *common, *(x for phase in phases for x in optimisation(f"{phase}."))],
                check=True, stdout=subprocess.DEVNULL)
            dense = json.load(open(f"{scratch}/dense/results.json"))["training"]
            records = json.load(open(f"{scratch}/model/results.json"))["phases"]
        return {"train-dense": dense} | {phases[record["phase"]]: record for record in records}

    timed(1)  # what is read from the disk for the first time
    short, long = timed(WARM), timed(WARM + options.steps)
    return {task: {"speed": options.batch * options.steps / (long[task]["seconds"] - short[task]["seconds"]),
                   "bytes": long[task]["peak_device_bytes"]} for task in long}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--acm", default=".build/release/acm")
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    parser.add_argument("--batch", type=int, default=256)
    parser.add_argument("--steps", type=int, default=100)
    parser.add_argument("--output", type=pathlib.Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        torch.manual_seed(0)
        packed, model = f"{scratch}/packed.safetensors", f"{scratch}/model"
        images, labels = torch.randint(256, (2048, 3, 224, 224), dtype=torch.uint8), torch.randint(CLASSES, (2048,))
        save_file({"images": images, "labels": labels}, packed,
                  metadata={"classes": "\n".join(f"class {n}" for n in range(CLASSES))})
        pytorch.RANDOM["vit-s16"]().save_pretrained(model)
        own = ours(packed, model, options)
    rows = []
    for task, mine in own.items():
        other = theirs(task, images, labels, options)
        memory = [f"{x / 2**30:.1f}" if x else "" for x in (mine["bytes"], other["bytes"])]
        rows.append([task, round(mine["speed"], 1), round(other["speed"], 1),
                     f"{mine['speed'] / other['speed']:.2f}", *memory])
        print(*rows[-1], sep="\t", flush=True)
    if options.output:
        results.write(
            options.output, title="Training ViT-S/16 in acm and in PyTorch",
            command=f"python3 Benchmarks/training.py --device {options.device} --batch {options.batch} "
                    f"--steps {options.steps}",
            versions={"torch": torch.__version__},
            hardware=torch.cuda.get_device_name() if options.device == "cuda" else None,
            notes=f"Images of 224 pixels, batches of {options.batch}, {options.steps} steps, {WORKERS} threads that read; "
                  "GiB are of tensors on the device.",
            tables=[{"header": ["task", "acm images/s", "PyTorch images/s", "acm / PyTorch", "acm GiB", "PyTorch GiB"],
                     "rows": rows}])
    return 0


if __name__ == "__main__":
    sys.exit(main())
