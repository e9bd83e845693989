"""A small byte-level BPE tokenizer, and how the `tokenizers` library encodes and decodes awkward texts with it.

`bpe/single` holds `tokenizer.json`; `bpe/files` the same tokenizer as `vocab.json`, `merges.txt` and
`added_tokens.json`. `bpe/single/encodings.json` is a list of texts with their ids, `bpe/single/decodings.json`
a list of ids with their texts, with and without special tokens. The merges are learnt from the definitions in
Examples/minilm/glosses.tsv (WordNet 3.0, see LICENSE.WordNet beside it) and from the texts below.
"""

import json
import pathlib
import random

import tokenizers
from tokenizers import decoders, models, pre_tokenizers, trainers

import wordpiece

SPECIAL = ["<|endoftext|>", "<|startoftranscript|>", "<|en|>", "<|transcribe|>", "<|notimestamps|>"]
TIMESTAMPS = [f"<|{index * 0.02:.2f}|>" for index in range(11)]
TEXTS = [
    "I'm sure they're here, we've said it'll be o'clock; he'd 'tis 'S 'LL don'ts 're", "'", "''s", " 's", "a's 'l 'v 'r",
    "  two  blanks   three ", "\n\n a\tb \r\n", "a \n b", " \n", "1234 5a6 ٣٤ ½ Ⅷ", "co-op_x #1!?  ...", "naïve café e\u0301",
    "中国人 日本語です。", "\u3000全角\u00a0nbsp\u200b", "👩\u200d👩\u200d👧 😀😀", "\u0085\u2028\u2029x", "<|en|> hello<|endoftext|>",
    "<|0.00|> and<|0.04|><|0.06|> more <|9.99|>", "<|EN|>", "\u0000\u0001\x7f", "a\u0300\u0301 b", "ᚠ𐍈𝟘", "\ufeffbom", "x" * 60,
]


def trained() -> tokenizers.Tokenizer:
    tokenizer = tokenizers.Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    lines = wordpiece.GLOSSES.read_text(encoding="utf-8").splitlines()[1:3001]
    trainer = trainers.BpeTrainer(
        vocab_size=700, initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()), show_progress=False)
    tokenizer.train_from_iterator([line.split("\t")[2] for line in lines] + 20 * TEXTS, trainer)
    tokenizer.add_special_tokens(SPECIAL)
    tokenizer.add_tokens([tokenizers.AddedToken(text, normalized=True) for text in TIMESTAMPS])
    return tokenizer


def write(root: pathlib.Path, seed: int) -> list[str]:
    """Writes the folder `bpe` below `root`; gives its name."""
    generator = random.Random(seed)
    tokenizer = trained()
    single, files = root / "bpe" / "single", root / "bpe" / "files"
    for folder in (single, files):
        folder.mkdir(parents=True, exist_ok=True)
    tokenizer.save(str(single / "tokenizer.json"), pretty=False)
    tokenizer.model.save(str(files))
    size = tokenizer.get_vocab_size(with_added_tokens=False)
    (files / "added_tokens.json").write_text(json.dumps(
        {text: size + index for index, text in enumerate(SPECIAL + TIMESTAMPS)}) + "\n")

    texts = TEXTS + wordpiece.TEXTS + wordpiece.random_texts(generator, 60)
    rows = [dict(text=text, ids=tokenizer.encode(text).ids) for text in texts]
    wordpiece.write_lines(single / "encodings.json", rows)
    sequences = [row["ids"] for row in rows[:len(TEXTS)]]
    # Bytes in any order, which are seldom UTF-8.
    sequences += [[generator.randrange(size + len(SPECIAL)) for _ in range(generator.randrange(1, 20))] for _ in range(60)]
    sequences += [[generator.randrange(256) for _ in range(30)] for _ in range(60)]
    wordpiece.write_lines(single / "decodings.json", [
        dict(ids=ids, text=tokenizer.decode(ids), withSpecial=tokenizer.decode(ids, skip_special_tokens=False))
        for ids in sequences])
    return ["bpe"]
