"""On the default bundle's tokenizer, which is the base model's with two added tokens."""

import json
from functools import cache

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer
from tokenizers.models import WordLevel

from docmill.errors import ConfigurationError
from docmill.resources import resource
from docmill.training.vocabulary import Pruned, prune, used_ids

SAMPLES = resource("samples")
TEXTS = [path.read_text(encoding="utf-8") for path in sorted(SAMPLES.glob("[!b]*/*.txt"))]
BASE = Tokenizer.from_file(str(resource("bundles/mailroom-en") / "tokenizer.json"))


@cache
def pruned(most_frequent: int = 0) -> Pruned:
    return prune(BASE, used_ids(BASE, TEXTS), most_frequent)


@cache
def smaller(most_frequent: int = 0) -> Tokenizer:
    return Tokenizer.from_str(pruned(most_frequent).tokenizer)


def encoded(tokenizer: Tokenizer, text: str) -> tuple[list[str], list[tuple[int, int]]]:
    encoding = tokenizer.encode(text, add_special_tokens=False)
    return encoding.tokens, encoding.offsets


def test_it_is_smaller() -> None:
    assert len(pruned().kept) < BASE.get_vocab_size() / 2
    assert smaller().get_vocab_size() == len(pruned().kept)


@pytest.mark.parametrize("text", TEXTS, ids=range(len(TEXTS)))
def test_training_texts_are_cut_exactly_as_before(text: str) -> None:
    assert encoded(smaller(), text) == encoded(BASE, text)


def test_each_new_id_is_the_piece_that_its_old_one_was() -> None:
    kept = pruned().kept
    assert (np.diff(kept) > 0).all()
    names = smaller().get_vocab(with_added_tokens=True)
    assert sorted(names.values()) == list(range(len(kept)))
    assert all(BASE.id_to_token(int(kept[index])) == token for token, index in names.items())


def test_ids_on_texts_are_those_of_before_renumbered() -> None:
    for text in TEXTS:
        old, new = (t.encode(text, add_special_tokens=False).ids for t in (BASE, smaller()))
        assert pruned().kept[new].tolist() == old


@given(st.text(st.characters(codec="utf-8"), max_size=40) | st.sampled_from(TEXTS).map(str.swapcase))
def test_no_text_becomes_unknown_that_was_not(text: str) -> None:
    old, new = (t.encode(text, add_special_tokens=False) for t in (BASE, smaller()))
    unknown = [[o for o, t in zip(e.offsets, e.tokens, strict=True) if t == "[UNK]"] for e in (old, new)]
    assert unknown[0] == unknown[1]


@given(st.text("0123456789.,/-$ ", max_size=30))
def test_numbers_are_cut_as_before(text: str) -> None:
    assert encoded(smaller(), text) == encoded(BASE, text)


def test_special_and_added_tokens_stay() -> None:
    framed = smaller().encode("the\nend\t[MASK]")
    assert framed.tokens == ["[CLS]", "the", "\n", "end", "\t", "[MASK]", "[SEP]"]
    assert smaller().token_to_id("[PAD]") == 0
    assert smaller().padding is smaller().truncation is None


def test_the_most_frequent_are_kept_too() -> None:
    first = BASE.get_vocab()["the"]
    pieces = [str(BASE.id_to_token(index)) for index in range(first, first + 1500)]
    assert not all(smaller().token_to_id(piece) for piece in pieces)
    assert all(smaller(4000).token_to_id(piece) for piece in pieces)
    assert len(pruned(4000).kept) > len(pruned().kept)


def test_pruning_twice_changes_nothing_more() -> None:
    again = prune(smaller(), used_ids(smaller(), TEXTS), 0)
    assert again.kept.tolist() == list(range(len(pruned().kept)))
    assert json.loads(again.tokenizer) == json.loads(pruned().tokenizer)


def test_another_kind_of_tokenizer_is_refused() -> None:
    words = Tokenizer(WordLevel({"[UNK]": 0, "a": 1}, unk_token="[UNK]"))
    with pytest.raises(ConfigurationError, match="not a BERT WordPiece one"):
        prune(words, set(), 0)


def test_a_vocabulary_whose_characters_are_no_pieces_is_refused() -> None:
    described = json.loads(BASE.to_str())
    del described["model"]["vocab"]["##q"]
    with pytest.raises(ConfigurationError, match=r"pieces with \['q'\]"):
        prune(Tokenizer.from_str(json.dumps(described)), set(), 0)
