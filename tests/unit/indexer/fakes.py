"""An embedder that counts first letters, and source texts as records."""

from collections.abc import Callable, Sequence
from typing import Any

from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import WhitespaceSplit

from docmill.index.types import Embedding, Vector
from docmill.pipeline.window import TextTokenizer
from docmill_schemas.events import KnowledgeUpdated
from tests.unit.index.fakes import EMBEDDING, vector_of
from tests.unit.kafka.fakes import FakeRecord


class LetterEmbedder:
    """A token is a word; needs no weights. `before` is called with every batch of texts."""

    def __init__(self, before: Callable[[Sequence[str]], None] = lambda texts: None) -> None:
        self.embedded: list[str] = []
        self.documents: list[str] = []
        self.closed = False
        self._before = before
        tokenizer = Tokenizer(WordLevel({"[UNK]": 0}, unk_token="[UNK]"))
        tokenizer.pre_tokenizer = WhitespaceSplit()
        self.tokenizer: TextTokenizer = tokenizer

    @property
    def embedding(self) -> Embedding:
        return EMBEDDING

    @property
    def max_tokens(self) -> int:
        return 8

    def embed(self, texts: Sequence[str]) -> list[Vector]:
        self._before(texts)
        self.embedded += texts
        return [vector_of(text) for text in texts]

    def embed_document(self, text: str) -> Vector:
        self._before([text])
        self.documents.append(text)
        return vector_of(text)

    def close(self) -> None:
        self.closed = True


def updated(passage_id: str = "handbook", text: str = "Claims below 500 are paid at once.", **more: Any) -> bytes:
    """A KnowledgeUpdated as JSON."""
    event = KnowledgeUpdated(passage_id=passage_id, text=text, **({"kind": "policy"} | more))
    return event.model_dump_json(exclude_none=True).encode()


def record(value: bytes | None, key: bytes | None = b"handbook", offset: int = 1, **more: Any) -> FakeRecord:
    """A record of knowledge.updated."""
    return FakeRecord(value, key=key, topic="knowledge.updated", offset=offset, **more)
