"""What torchmetrics and jiwer say of some predictions, to compare our measures with.

`metrics/classes.safetensors` holds `logits` [samples, classes] float32 and `labels` [samples] int64;
`metrics/measures.json` the accuracies, the cross-entropy and the expected calibration error of them, and
under `speech` error rates of some pairs of texts with each of the normalisations, under `ranks` Spearman's
correlation of two rows of numbers, some of them equal.
"""

import itertools
import json
import pathlib

import torch
from safetensors.torch import save_file

PAIRS = [
    ("The cat, it sat!", "the cat it sat"), ("It's NOT co-operative.", "its not cooperative"),
    ("“Über” né — says who?", "über ne says who"), ("one two three", "one three three four"), ("A", "a b"),
    ("hello world", ""), ("Don't!", "don't"),
]


def classes(seed: int) -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    labels = torch.randint(0, 8, (240,), generator=generator)
    logits = torch.randn(240, 8, generator=generator)
    # Right more often than not, and for some samples so sure that float32 says 1.
    logits[torch.arange(240), labels] += 1.2
    logits[:12] *= 60
    return {"logits": logits, "labels": labels}


def speech() -> list[dict]:
    import jiwer

    found = []
    for lowercase, punctuation in itertools.product([False, True], repeat=2):
        steps = [jiwer.ToLowerCase()] * lowercase + [jiwer.RemovePunctuation()] * punctuation
        steps += [jiwer.RemoveMultipleSpaces(), jiwer.Strip()]
        words = jiwer.Compose([*steps, jiwer.ReduceToListOfListOfWords()])
        letters = jiwer.Compose([*steps[:-2], jiwer.Strip(), jiwer.ReduceToListOfListOfChars()])
        references, hypotheses = [pair[0] for pair in PAIRS], [pair[1] for pair in PAIRS]
        found.append({
            "lowercases": lowercase, "stripsPunctuation": punctuation,
            "word": jiwer.wer(references, hypotheses, words, words),
            "character": jiwer.cer(references, hypotheses, letters, letters),
        })
    return found


def ranks(seed: int) -> dict:
    from torchmetrics.functional.regression import spearman_corrcoef

    generator = torch.Generator().manual_seed(seed + 1)
    first = torch.randint(0, 30, (60,), generator=generator).double() / 10
    second = first + torch.randn(60, generator=generator).double()
    return {"first": first.tolist(), "second": second.tolist(), "spearman": spearman_corrcoef(first, second).item()}


def write(root: pathlib.Path, seed: int) -> list[str]:
    from torchmetrics.functional.classification import multiclass_accuracy, multiclass_calibration_error

    folder = root / "metrics"
    folder.mkdir(parents=True, exist_ok=True)
    tensors = classes(seed)
    logits, labels = tensors["logits"], tensors["labels"]
    save_file(tensors, folder / "classes.safetensors")
    measures = {
        "top1": multiclass_accuracy(logits, labels, num_classes=8, average="micro").item(),
        "top5": multiclass_accuracy(logits, labels, num_classes=8, average="micro", top_k=5).item(),
        "calibrationError": multiclass_calibration_error(logits, labels, num_classes=8, n_bins=15, norm="l1").item(),
        "loss": torch.nn.functional.cross_entropy(logits, labels).item(),
        "pairs": [{"reference": reference, "hypothesis": hypothesis} for reference, hypothesis in PAIRS],
        "speech": speech(),
        "ranks": ranks(seed),
    }
    (folder / "measures.json").write_text(json.dumps(measures, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    return ["metrics"]
