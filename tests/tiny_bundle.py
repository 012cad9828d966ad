"""A complete bundle of a few hundred kilobytes whose model is written down, not trained: for tests, without torch.

Its words carry their meaning in their embeddings: a label's words raise that label's logit, and COMPANIES, DATES and
AMOUNTS are tagged as such wherever they stand. The layers between are small random ones, so that attention, windows
and quantisation all take part. Every other word is unknown to it.

    text_of("receipt", 3)               certified: straight through
    text_of("contract", 3)              recognised, but its group is not certified: deferred
    "anything that it does not know"    unfamiliar: deferred
"""

import random
from pathlib import Path

import numpy as np
from tokenizers import AddedToken, Tokenizer
from tokenizers.models import WordLevel
from tokenizers.normalizers import Lowercase
from tokenizers.pre_tokenizers import WhitespaceSplit

from docmill.bundle.manifest import GOLDEN_FILE, GoldenEntry, Manifest
from docmill.bundle.save import save_bundle
from docmill.golden import golden_bytes, make_golden
from docmill.pipeline.types import OutlierSpec
from docmill.processing import Mill
from docmill.runtime.graph import GraphConfig, build_graph
from docmill.runtime.session import OnnxInference
from docmill.runtime.weights import JointWeights, Layer, Linear, Norm

HIDDEN, INNER, HEADS, LAYERS = 48, 96, 4, 2
MAX_TOKENS, STRIDE = 32, 8
SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]")
NEWLINE, TAB = "\n", "\t"

VOCABULARY = {
    "complaint.credit_card": "card charge interest statement fee dispute issuer balance limit late",
    "complaint.mortgage": "mortgage loan escrow servicer payment foreclosure lender house rate refinance",
    "contract": "agreement term clause governed license liability witness whereas obligations hereto",
    "receipt": "receipt cashier item qty subtotal tax change thank store tender",
    "company": "acme globex initech umbrella hooli vandelay wonka stark cyberdyne tyrell",
}
LABELS = ("complaint.credit_card", "complaint.mortgage", "contract", "receipt")
LABEL_WORDS = {label: VOCABULARY[label].split() for label in LABELS}
COMPANIES = tuple(VOCABULARY["company"].split())
DATES = tuple(f"2024-{month:02}-{day:02}" for month in (1, 6, 11) for day in range(1, 29))
AMOUNTS = tuple(f"${7 * n}.{(13 * n) % 100:02}" for n in range(1, 60))
FIELDS = ("company", "date", "total", "amount", "party")
FIELDS_OF = {"receipt": ("company", "date", "total"), "complaint": ("amount",), "contract": ("party",)}
WORDS_OF = {"company": COMPANIES, "party": COMPANIES, "date": DATES, "total": AMOUNTS, "amount": AMOUNTS}
# The axis of the hidden state on which each label's and each field's words stand out.
LABEL_AXIS = {label: axis for axis, label in enumerate(LABELS)}
FIELD_AXIS = {"company": 8, "party": 8, "date": 9, "total": 10, "amount": 10}


def build_tiny_bundle(folder: Path, version: str = "0.0.1") -> Path:
    """Write the bundle into `folder` and return it. The same bytes each time on one machine."""
    tokenizer = tiny_tokenizer()
    graph = build_graph(tiny_weights(tokenizer), GraphConfig(HEADS, MAX_TOKENS), "int8")
    model, words = graph.SerializeToString(), tokenizer.to_str(pretty=True)
    manifest = tiny_manifest().model_copy(update={"version": version})
    bundle = save_bundle(folder, manifest, model=model, tokenizer=words, outlier=tiny_outlier())
    inference = OnnxInference(bundle.model_path, threads=1)
    try:
        texts = {f"{label}/{seed}": text_of(label, seed) for label in LABELS for seed in (0, 1)}
        golden = golden_bytes(make_golden(Mill(bundle, inference), texts))
    finally:
        inference.close()
    save_bundle(
        folder,
        manifest.model_copy(update={"golden": GoldenEntry()}),
        model=model,
        tokenizer=words,
        outlier=tiny_outlier(),
        further={GOLDEN_FILE: golden},
    )
    return folder


def text_of(label: str, seed: int, words: int = 24) -> str:
    """A document of a label, its fields included, about `words` long; other seeds give other documents."""
    generator = random.Random(f"{label}:{seed}")
    group = label.partition(".")[0]
    values = [generator.choice(WORDS_OF[field]) for field in FIELDS_OF[group]]
    rest = [generator.choice(LABEL_WORDS[label]) for _ in range(words - len(values))]
    lines = [rest[start : start + 6] for start in range(0, len(rest), 6)]
    for value in values:
        line = generator.choice(lines)
        line.insert(generator.randrange(len(line)), value)
    return NEWLINE.join(" ".join(line) for line in lines)


def tiny_tokenizer() -> Tokenizer:
    """Whole words from a list; line breaks and tabs are tokens, as in the real tokenizer."""
    known = [word for words in LABEL_WORDS.values() for word in words]
    words = [*SPECIAL, *known, *COMPANIES, *DATES, *AMOUNTS]
    tokenizer = Tokenizer(WordLevel({word: index for index, word in enumerate(words)}, unk_token="[UNK]"))
    tokenizer.normalizer = Lowercase()
    tokenizer.pre_tokenizer = WhitespaceSplit()
    tokenizer.add_special_tokens([AddedToken(word, normalized=False) for word in SPECIAL])
    tokenizer.add_tokens([AddedToken(NEWLINE, normalized=False), AddedToken(TAB, normalized=False)])
    return tokenizer


def tiny_weights(tokenizer: Tokenizer) -> JointWeights:
    """The network that the module describes."""
    generator = np.random.default_rng(7)

    def linear(inputs: int, outputs: int) -> Linear:
        weight = generator.normal(0, 0.02, (inputs, outputs)).astype(np.float32)
        return Linear(weight, generator.normal(0, 0.02, outputs).astype(np.float32))

    def norm() -> Norm:
        return Norm(np.ones(HIDDEN, np.float32), np.zeros(HIDDEN, np.float32))

    def layer() -> Layer:
        return Layer(
            query=linear(HIDDEN, HIDDEN),
            key=linear(HIDDEN, HIDDEN),
            value=linear(HIDDEN, HIDDEN),
            attention_output=linear(HIDDEN, HIDDEN),
            attention_norm=norm(),
            intermediate=linear(HIDDEN, INNER),
            output=linear(INNER, HIDDEN),
            output_norm=norm(),
        )

    ids = tokenizer.get_vocab()
    words = generator.normal(0, 0.2, (len(ids), HIDDEN)).astype(np.float32)
    for label, axis in LABEL_AXIS.items():
        words[[ids[word] for word in LABEL_WORDS[label]], axis] += 2
    for field, axis in FIELD_AXIS.items():
        words[[ids[word] for word in WORDS_OF[field]], axis] = 3
    words[: len(SPECIAL), : len(LABELS)] = 0  # unknown words speak for no label
    type_head = Linear(np.zeros((HIDDEN, len(LABELS)), np.float32), np.zeros(len(LABELS), np.float32))
    for column, label in enumerate(LABELS):
        type_head.weight[LABEL_AXIS[label], column] = 2
    return JointWeights(
        words=words,
        positions=generator.normal(0, 0.02, (MAX_TOKENS, HIDDEN)).astype(np.float32),
        token_type=generator.normal(0, 0.02, HIDDEN).astype(np.float32),
        embedding_norm=norm(),
        layers=tuple(layer() for _ in range(LAYERS)),
        type_head=type_head,
        tag_head=_tag_head(),
    )


def _tag_head() -> Linear:
    """A token on a field's axis begins that field; every other is outside."""
    weight = np.zeros((HIDDEN, len(FIELDS), 3), np.float32)
    bias = np.zeros((len(FIELDS), 3), np.float32)
    for column, field in enumerate(FIELDS):
        weight[FIELD_AXIS[field], column, 1] = 2
        bias[column] = (6, 0, 0)
    return Linear(weight.reshape(HIDDEN, -1), bias.reshape(-1))


def tiny_outlier() -> OutlierSpec:
    """Familiar is what stands near 4.2 on the axis of one label: a text of that label's words and few others."""
    count = len(LABELS)
    projection = np.eye(HIDDEN, count, dtype=np.float32)
    centroids = np.eye(count, dtype=np.float32) * np.float32(4.2)
    return OutlierSpec(np.zeros(HIDDEN, np.float32), projection, centroids, threshold=6.0)


def tiny_manifest() -> Manifest:
    """Receipts and complaints are certified, contracts are not. `files` is empty until it is saved."""
    certified = [
        {
            "group": group,
            "target": 0.95,
            "what": what,
            "threshold": threshold,
            "decisions": 100,
            "accepted": 80 if threshold else 0,
            "correct": 80 if threshold else 0,
            "accepted_share": 0.8 if threshold else 0.0,
        }
        for group, threshold in (("receipt", 0.8), ("complaint", 0.8), ("contract", None))
        for what in ("type", "field")
    ]
    return Manifest.model_validate(
        {
            "name": "tiny-en",
            "version": "0.0.1",
            "languages": ["en"],
            "files": {},
            "labels": LABELS,
            "fields": [
                {"name": "company", "kind": "text"},
                {"name": "date", "kind": "date"},
                {"name": "total", "kind": "money"},
                {"name": "amount", "kind": "money", "many": True},
                {"name": "party", "kind": "text", "many": True, "values": ["party", "parties"]},
            ],
            "groups": {
                "receipt": {
                    "fields": ["company", "date", "total"],
                    "required": ["company", "date", "total"],
                    "type_threshold": 0.8,
                    "field_threshold": 0.8,
                },
                "complaint": {"fields": ["amount"], "required": [], "type_threshold": 0.8, "field_threshold": None},
                "contract": {
                    "fields": ["party"],
                    "required": ["party"],
                    "type_threshold": None,
                    "field_threshold": None,
                },
            },
            "max_tokens": MAX_TOKENS,
            "stride": STRIDE,
            "type_windows": 2,
            "temperatures": {"type": 1.0, "tags": 1.0},
            "policy": {"target_precision": 0.95, "confidence_level": 0.95, "certified": certified},
            "training": {
                "data_digest": "0" * 64,
                "sources": [{"name": "tests/tiny_bundle.py", "licence": "Apache-2.0"}],
                "recipe": "none",
            },
            "base_model": {"name": "none", "licence": "Apache-2.0"},
            "outlier": {"threshold": tiny_outlier().threshold},
        }
    )
