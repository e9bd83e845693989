"""Small WordPiece tokenizers, and how the `tokenizers` library encodes awkward texts with them.

- `wordpiece/uncased`: `tokenizer.json` in the form of BERT's uncased checkpoints.
- `wordpiece/vocabulary`: the same tokenizer as `vocab.txt` with `tokenizer_config.json`, encoded by
  `transformers`; this script checks that both forms agree on every text.
- `wordpiece/cased`: `tokenizer.json` with every setting that the first leaves at BERT's value.

Each folder's `encodings.json` is a list of texts with what they encode to. The vocabularies are made
here: letters and digits of several scripts, and the commonest words, beginnings and endings of the
definitions in Examples/minilm/glosses.tsv (WordNet 3.0, see LICENSE.WordNet beside it).
"""

import collections
import json
import pathlib
import random
import re

import tokenizers
import transformers
from tokenizers import models, normalizers, pre_tokenizers, processors

GLOSSES = pathlib.Path(__file__).resolve().parents[2] / "Examples/minilm/glosses.tsv"
SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
PUNCTUATION = [chr(code) for code in range(0x21, 0x7F) if not chr(code).isalnum()] + list("«»“”‘’…–—¿¡·、。・")
LETTERS = (
    "abcdefghijklmnopqrstuvwxyz0123456789æøßðþłđıαβγδεζηθικλμνξοπρστυφχψως"
    "абвгдежзийклмнопрстуфхцчшщъыьэюяאבגדהשלוםابتسمع हनमद"
    "\u1112\u1161\u11ab\u1100\u116e\u11a8\u3042\u3044\u30ab\u30bf"
).replace(" ", "")
IDEOGRAPHS = "中国人日本語水\u8c48\u6a02"
OTHERS = ["😀", "👍", "\U0001f3fd", "€", "£", "°", "ﬁ", "½", "µ", "²"]
DEVANAGARI_SIGNS = "\u093f\u0940\u0902"


def pieces(prefix: str) -> list[str]:
    """A vocabulary, special tokens apart, whose continuing pieces start with `prefix`."""
    lines = GLOSSES.read_text(encoding="utf-8").splitlines()[1:]
    words = collections.Counter(re.findall("[a-z]+", " ".join(line.split("\t")[2] for line in lines).lower()))
    endings, beginnings = collections.Counter(), collections.Counter()
    for word, count in words.items():
        for size in range(2, 5):
            if len(word) > size:
                endings[word[-size:]] += count
                beginnings[word[:size]] += count

    def commonest(counter, count):
        return [text for text, _ in sorted(counter.items(), key=lambda item: (-item[1], item[0]))[:count]]

    found = PUNCTUATION + list(LETTERS) + list(IDEOGRAPHS) + OTHERS
    found += [prefix + piece for piece in list(LETTERS) + list(DEVANAGARI_SIGNS) + OTHERS[:4]]
    found += commonest(words, 700) + commonest(beginnings, 150)
    found += [prefix + ending for ending in commonest(endings, 250)]
    return list(dict.fromkeys(found))


def uncased() -> tokenizers.Tokenizer:
    vocabulary = {piece: index for index, piece in enumerate(SPECIAL + pieces("##"))}
    tokenizer = tokenizers.Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.add_special_tokens(SPECIAL)
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[(name, vocabulary[name]) for name in ("[CLS]", "[SEP]")])
    # Settings that a reader must leave to its caller.
    tokenizer.enable_truncation(9)
    tokenizer.enable_padding(length=9)
    return tokenizer


def cased() -> tokenizers.Tokenizer:
    """Neither lower-cased, cleaned up nor accent-free; short words; added tokens of every kind."""
    special = ["<unk>", "<s>", "</s>", "<pad>"]
    # One letter in both of its canonically equivalent forms: two pieces.
    extra = ["\u00e9", "e\u0301", "@@\u00e9", "@@e\u0301", "\u212b", "\u00c5", "A\u030a", "The", "Ca", "@@f\u00e9"]
    listed = list(dict.fromkeys(pieces("@@")[::-1] + extra + special))  # other ids than the first one's
    vocabulary = {piece: 3 * index + 7 for index, piece in enumerate(listed)}  # ids with gaps
    tokenizer = tokenizers.Tokenizer(models.WordPiece(
        vocabulary, unk_token="<unk>", continuing_subword_prefix="@@", max_input_chars_per_word=9))
    tokenizer.normalizer = normalizers.BertNormalizer(
        clean_text=False, handle_chinese_chars=False, strip_accents=False, lowercase=False)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.BertProcessing(
        ("</s>", vocabulary["</s>"]), ("<s>", vocabulary["<s>"]))
    tokenizer.add_special_tokens(special)
    tokenizer.add_tokens([
        tokenizers.AddedToken("<left>", lstrip=True, normalized=False),
        tokenizers.AddedToken("<right>", rstrip=True, normalized=False),
        tokenizers.AddedToken("<both>", lstrip=True, rstrip=True, normalized=True),
        tokenizers.AddedToken("whole", single_word=True, normalized=False),
        tokenizers.AddedToken("Wholly", single_word=True, normalized=True),
        tokenizers.AddedToken("two words", normalized=True),
        tokenizers.AddedToken("two words more", normalized=True),
    ])
    tokenizer.enable_padding(pad_token="<pad>", pad_id=vocabulary["<pad>"])
    return tokenizer


TEXTS = [
    "", " ", "\n\t\r ", "a", "The quick brown fox jumps over the lazy dog.", "THE QUICK", "don't can't o'clock's",
    "  leading and trailing   blanks  ", "tab\tnew\nline\rreturn\r\nboth", "a\u00a0b\u2003c\u3000d\u2028e\u2029f\u0085g",
    "caf\u00e9 cafe\u0301 CAF\u00c9 na\u00efve \u00c5ngstr\u00f6m \u212bngstrom \u00fcber", "\u00e9e\u0301\u00e9e\u0301",
    "A\u030a\u212b\u00c5", "\u0130stanbul I\u0307 \u0131", "\u03a3\u0391\u03a3 \u03c3\u03b1\u03c2", "stra\u00dfe STRASSE \u1e9e",
    "\ufb01sh \ufb03x \u00bd \u00b2 \u00b5m \u212a", "\u01c5 \u01c4 \u01c6", "a\u0323\u0302 \u1ead a\u0302\u0323", "\u0301\u0301 \u0301a",
    "\u4e2d\u56fd\u4eba \u4e2da\u56fd", "\u65e5\u672c\u8a9e\u3067\u3059", "\uf900\uf914 \u8c48\u6a02", "\u3042\u3044\u30ab\u30ac\u30ab\u3099",
    "\ud55c\uad6d \u1112\u1161\u11ab \uac00\uac01", "\U00020000\U0002b740\U0002b81f\U0002b820\U0002b91f\U0002b920",
    "\u0939\u093f\u0928\u094d\u0926\u0940 \u0928\u092e", "\u05e9\u05dc\u05d5\u05dd \u05e9\u05c1\u05b8\u05dc\u05d5\u05b9\u05dd",
    "\u0633\u0644\u0627\u0645 \u0627\u0644\u0633\u0651\u064e\u0644\u0627\u0645", "\u0645\u0631\u062d\u0628\u0627\u060c", "\u0e2a\u0e27\u0e31\u0e2a\u0e14\u0e35",
    "\u041f\u0440\u0438\u0432\u0435\u0442 \u0439\u0451 \u0438\u0306", "\u1f08\u1f67 \u03ac\u0390",
    "\U0001f600 \U0001f44d\U0001f3fd \U0001f469\u200d\U0001f469\u200d\U0001f467", "\U0001f1eb\U0001f1f7 \u2764\ufe0f", "a\U0001f600b",
    "a\u0000b \u0001\u0002 \ufffd \ufffdx\ufffd \u007f \u0080\u009f", "zero\u200bwidth\u200cnon\u200djoiner \ufeffbom soft\u00adhyphen",
    "\u202eright to left\u202c \u2066x\u2069", "private \ue000\uf8ff\U000f0000", "unassigned \u0378\U0003ffff \uffff \ufdd0",
    "new marks a\u1dfaa \u1acf\U0001e08f", "\u1734 \u1885\u1886 \ua9bd \U000111c9 \U0001171e \u166d", "\u302e\u302a\u302a\u302e a\u302e\u0301",
    "\U0001d15e\U0001d165\U0001d16d \U00011938", "\u0f73\u0f71\u0f72 \u0344\u0308\u0301", "\u00b4 \u0060 ^ ~ \u00a8 \u1fef",
    "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~", "\u00ab\u00bb\u201c\u201d\u2026\u2013\u2014\u00bf\u00a1\u00b7\u3001\u3002\u30fb\uff01\uff0c", "\u20ac5 \u00a33.50 50% 1,000.00 1e-4",
    "\u2e43\u2e52\u2e5d \u061d", "a_b-c/d\\e", "...", "a.b.c.", "((a))", "under_score __x__", "http://x.yz/?q=1&r=2#s", "me@there.org",
    "[CLS]", "[CLS] a [SEP]", "[MASK]", "a[MASK]b", "a [MASK] b", "[mask]", "[ MASK ]", "[MASK", "[[MASK]]", "[UNK] unknown", "[PAD][PAD]",
    "<s> a </s>", "<unk><pad>", "x <left> y <left>z", "x <right> y<right>  z", "x  <both>  y <both><both> z", "  <left>  <left> ",
    "<right>  <left>", "<right> <left>", "whole unwhole wholes whole, whole whole\u0301 \u00e9whole _whole whole-some", "Wholly wholly Wholly! xWholly", "Whollywhole wholeWholly",
    "two words", "two words more", "two words mor", "two  words", "two wordstwo words", "(two words)",
    "unbelievabilities", "antidisestablishmentarianism", "pneumonoultramicroscopicsilicovolcanoconiosis", "xylophonically zzzzqqqq",
    "a" * 8, "a" * 9, "a" * 10, "a" * 99, "a" * 100, "a" * 101, "a" * 500 + " b", "\u00e9" * 100, "e\u0301" * 100, "\u0439" * 101,
    "\u4e2d" * 120, "." * 120, "the " * 60, "\u0301" * 200, "a" + "\u0301" * 120, "\U0001f600" * 101, "##ing ##s # # @@ing", "ing@@ing",
]
PAIRS = [
    ("the first text", "and the second"), ("", ""), ("", "only the second"), ("only the first", ""), ("a\u0301\u4e2d", "\u4e2d[SEP]\u00e9"),
    ("a b c d e f g h i j", "k l"), ("a b", "c d e f g h i j k l"), ("a b c d e f g", "h i j k l m n"), ("a b c d e f g h", "i j k l m n o"),
    ("a b c d e f g", "h i j k l m n o"),
]


def random_texts(generator: random.Random, count: int) -> list[str]:
    """Words, blanks, and scalars of one Unicode block mixed with some of others."""
    blocks = [
        (0x00, 0x80), (0x80, 0x250), (0x300, 0x370), (0x250, 0x1100), (0x1100, 0x2000), (0x2000, 0x2E80), (0x2E80, 0x3400),
        (0x3400, 0xD800), (0xE000, 0x10000), (0x10000, 0x20000), (0x1F300, 0x1FB00), (0x20000, 0x30000), (0xE0000, 0xE01F0),
    ]
    words = "the of Animal genus plantS having é e\u0301 中 [MASK] <left> two words 's".split(" ")

    def text():
        home, result = generator.choice(blocks), ""
        for _ in range(generator.randrange(1, 24)):
            kind = generator.random()
            if kind < 0.5:
                result += generator.choice(words) if kind < 0.3 else " "
            else:
                low, high = home if kind < 0.85 else generator.choice(blocks)
                result += chr(generator.randrange(low, high))
        return result

    return [text() for _ in range(count)]


def cases(seed: int) -> list[dict]:
    generator = random.Random(seed)
    texts = TEXTS + random_texts(generator, 100)
    found = [dict(text=text, pair=None, maximumLength=None) for text in texts]
    found += [dict(text=text, pair=None, maximumLength=length)
              for text in ("the first text of several words", "unbelievabilities") for length in (2, 3, 5, 50)]
    found += [dict(text=text, pair=pair, maximumLength=length)
              for text, pair in PAIRS for length in (None, 3, 4, 8, 9, 10, 11, 12, 30)]
    return found


def encodings(tokenizer: tokenizers.Tokenizer, found: list[dict]) -> list[dict]:
    tokenizer.no_padding()
    results = []
    for case in found:
        tokenizer.no_truncation()
        if case["maximumLength"] is not None:
            tokenizer.enable_truncation(case["maximumLength"])
        encoding = tokenizer.encode(case["text"], case["pair"])
        # `encoding.tokens` has an added token together with the blanks that it takes along; not wanted.
        tokens = [tokenizer.id_to_token(id) for id in encoding.ids]
        results.append(case | dict(
            ids=encoding.ids, typeIDs=encoding.type_ids, tokens=tokens,
            offsets=[list(offset) for offset in encoding.offsets]))
    return results


def write_lines(path: pathlib.Path, rows: list[dict]):
    path.write_text("[\n" + ",\n".join(json.dumps(row) for row in rows) + "\n]\n", encoding="utf-8")


def write(root: pathlib.Path, seed: int) -> list[str]:
    """Writes the folder `wordpiece` below `root`; gives its folders' names."""
    found = cases(seed)
    results = {}
    for name, tokenizer in (("uncased", uncased()), ("cased", cased())):
        folder = root / "wordpiece" / name
        folder.mkdir(parents=True, exist_ok=True)
        tokenizer.save(str(folder / "tokenizer.json"), pretty=False)
        results[name] = encodings(tokenizer, found)
        write_lines(folder / "encodings.json", results[name])

    folder = root / "wordpiece" / "vocabulary"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "vocab.txt").write_text("\n".join(SPECIAL + pieces("##")) + "\n", encoding="utf-8")
    (folder / "tokenizer_config.json").write_text(json.dumps(dict(
        tokenizer_class="BertTokenizer", do_lower_case=True, tokenize_chinese_chars=True, strip_accents=None,
        unk_token="[UNK]", cls_token="[CLS]", sep_token="[SEP]", pad_token="[PAD]", mask_token="[MASK]"), indent=2) + "\n")
    backend = transformers.BertTokenizer.from_pretrained(folder)._tokenizer
    pairs = zip(results["uncased"], encodings(backend, found), strict=True)
    differing = [expected["text"] for expected, result in pairs if result != expected]
    if differing:
        raise SystemExit(f"vocab.txt and tokenizer.json disagree on {len(differing)} texts, such as {differing[0]!r}")
    return ["wordpiece"]
