"""What stands beside the embedder's graph and says what it is."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

MANIFEST_FILE, MODEL_FILE, TOKENIZER_FILE = "embedder.json", "model.int8.onnx", "tokenizer.json"


class Manifest(BaseModel):
    """`embedder.json`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format_version: Literal[1] = 1
    name: str
    sha256: str = Field(description="of the embedding: the checkpoint and what was done to it")
    dimensions: int = Field(ge=1)
    max_tokens: int = Field(ge=3, description="special tokens included")
    model_sha256: str
    tokenizer_sha256: str
