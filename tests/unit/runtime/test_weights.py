import numpy as np
import pytest
from numpy.typing import NDArray

from docmill.runtime.weights import from_state_dict

HIDDEN, INNER, VOCABULARY, POSITIONS = 4, 6, 10, 8
LINEARS = {
    "attention.self.query": (HIDDEN, HIDDEN),
    "attention.self.key": (HIDDEN, HIDDEN),
    "attention.self.value": (HIDDEN, HIDDEN),
    "attention.output.dense": (HIDDEN, HIDDEN),
    "intermediate.dense": (INNER, HIDDEN),
    "output.dense": (HIDDEN, INNER),
}
NORMS = ("attention.output.LayerNorm", "output.LayerNorm")


def state(layers: int) -> dict[str, NDArray[np.float32]]:
    """A state dict in which every weight is its own array of distinct numbers."""
    shapes: dict[str, tuple[int, ...]] = {
        "encoder.embeddings.word_embeddings.weight": (VOCABULARY, HIDDEN),
        "encoder.embeddings.position_embeddings.weight": (POSITIONS, HIDDEN),
        "encoder.embeddings.token_type_embeddings.weight": (2, HIDDEN),
        "encoder.embeddings.LayerNorm.weight": (HIDDEN,),
        "encoder.embeddings.LayerNorm.bias": (HIDDEN,),
        "type_head.weight": (3, HIDDEN),
        "type_head.bias": (3,),
        "tag_head.weight": (6, HIDDEN),
        "tag_head.bias": (6,),
    }
    for index in range(layers):
        for name, shape in LINEARS.items():
            shapes[f"encoder.encoder.layer.{index}.{name}.weight"] = shape
            shapes[f"encoder.encoder.layer.{index}.{name}.bias"] = shape[:1]
        for name in NORMS:
            shapes[f"encoder.encoder.layer.{index}.{name}.weight"] = (HIDDEN,)
            shapes[f"encoder.encoder.layer.{index}.{name}.bias"] = (HIDDEN,)
    generator = np.random.default_rng(1)
    return {name: generator.normal(size=shape).astype(np.float32) for name, shape in shapes.items()}


def test_linears_are_transposed_and_the_token_type_is_row_0() -> None:
    arrays = state(layers=2)
    weights = from_state_dict(arrays, 2)
    second = weights.layers[1]
    assert np.array_equal(second.output.weight, arrays["encoder.encoder.layer.1.output.dense.weight"].T)
    assert np.array_equal(second.query.bias, arrays["encoder.encoder.layer.1.attention.self.query.bias"])
    norm = arrays["encoder.encoder.layer.1.attention.output.LayerNorm.weight"]
    assert np.array_equal(second.attention_norm.scale, norm)
    assert np.array_equal(weights.token_type, arrays["encoder.embeddings.token_type_embeddings.weight"][0])
    assert weights.type_head.weight.shape == (HIDDEN, 3)
    assert weights.hidden_size == HIDDEN


def test_a_missing_weight_is_named() -> None:
    arrays = state(layers=1)
    del arrays["tag_head.bias"]
    with pytest.raises(KeyError, match=r"tag_head\.bias"):
        from_state_dict(arrays, 1)


def test_layers_that_would_be_left_out_are_an_error() -> None:
    with pytest.raises(ValueError, match="1 layers do not use 16 of the weights"):
        from_state_dict(state(layers=2), 1)


def test_other_float_types_become_float32() -> None:
    arrays = state(layers=1)
    arrays["type_head.weight"] = arrays["type_head.weight"].astype(np.float64)
    assert from_state_dict(arrays, 1).type_head.weight.dtype == np.float32


def test_words_that_speak_for_types_are_taken_where_there_are_some() -> None:
    arrays = state(layers=1)
    assert from_state_dict(arrays, 1).type_words is None
    table = np.ones((VOCABULARY, 3), np.float32)
    assert np.array_equal(from_state_dict({**arrays, "type_words.weight": table}, 1).type_words, table)  # type: ignore[arg-type]
