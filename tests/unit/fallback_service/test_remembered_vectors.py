"""A text is embedded once, as long as its vector is remembered."""

import numpy as np

from docmill.fallback_service.remembered_vectors import RememberedVectors
from tests.unit.indexer.fakes import LetterEmbedder


def test_a_text_that_comes_round_again_is_not_embedded_again() -> None:
    embedder = LetterEmbedder()
    vectors = RememberedVectors(embedder)
    first = vectors.embed_document("a fine")
    assert np.array_equal(vectors.embed_document("a fine"), first)
    assert np.array_equal(first, LetterEmbedder().embed_document("a fine"))
    assert embedder.documents == ["a fine"]


def test_the_one_that_was_used_longest_ago_is_forgotten() -> None:
    embedder = LetterEmbedder()
    vectors = RememberedVectors(embedder, most=2)
    for text in ("a", "b", "a", "c", "a", "b"):
        vectors.embed_document(text)
    assert embedder.documents == ["a", "b", "c", "b"]


def test_it_is_the_embedder_in_all_else() -> None:
    embedder = LetterEmbedder()
    vectors = RememberedVectors(embedder)
    assert vectors.embedding == embedder.embedding
    vectors.close()
    assert embedder.closed
