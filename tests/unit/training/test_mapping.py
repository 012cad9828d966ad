from docmill.training.mapping import UnknownNames, idle_entries, unknown_names
from docmill.training.row import LabelledRow
from tests.unit.training.corpora import VALUES, Row, recipe, row

KNOWN = VALUES["groups"] | {"letter": VALUES["groups"]["letter"] | {"labels": ["claim"]}}


def parsed(*rows: Row) -> list[LabelledRow]:
    return [LabelledRow.model_validate(values) for values in rows]


ROWS = parsed(
    row("1", "claim", "Ann of Ulm", ("party", "Ann"), ("place", "Ulm")),
    row("2", "claim", "Bob of Ulm", ("place", "Ulm"), ("jurisdiction", "Ulm")),
    row("3", "clam", "Eve, a foe", ("foe", "foe")),
    row("4", None, "nothing"),
)


def test_entities_that_teach_nothing_are_unknown_most_used_first() -> None:
    unknown = unknown_names(ROWS, recipe().sources[1], recipe())
    assert list(unknown.entities.items()) == [("place", 2), ("foe", 1)]
    assert str(unknown) == "entities place (2), foe (1)"
    assert unknown


def test_labels_are_unknown_only_where_the_group_lists_them() -> None:
    assert unknown_names(ROWS, recipe().sources[1], recipe()).labels == {}
    strict = recipe(groups=KNOWN)
    assert unknown_names(ROWS, strict.sources[1], strict).labels == {"letter.clam": 1}


def test_every_kind_of_entry_makes_a_name_known() -> None:
    ways = (
        {"labels": {"drop": ["letter.clam"]}},
        {"labels": {"unlabel": ["letter.clam"]}},
        {"labels": {"merge": {"letter.clam": "letter.claim"}}},
        {"sources": [{"name": "post", "labels": {"clam": "claim"}}]},
    )
    for way in ways:
        of = recipe(**({"groups": KNOWN} | way))
        assert unknown_names(ROWS, of.sources[1], of).labels == {}
    for own in ({"unused": ["place", "foe"]}, {"unused": ["*"]}, {"unused": ["foe"], "entities": {"place": "law"}}):
        of = recipe([{"name": "post", **own}])
        assert not unknown_names(ROWS, of.sources[1], of)


def test_nothing_unknown_is_false() -> None:
    assert not UnknownNames({}, {})
    assert UnknownNames({"a": 1}, {})


def test_entries_that_map_nothing() -> None:
    own = {"name": "post", "labels": {"clam": "claim", "calm": "claim"}, "entities": {"place": "law", "palce": "law"}}
    labels = {"merge": {"letter.a": "letter.b"}, "drop": ["letter.claim"], "unlabel": ["letter.c"]}
    of = recipe([own | {"unused": ["foe", "friend"]}], labels=labels)
    assert idle_entries([(of.sources[1], ROWS), (of.sources[1], ()), (of.sources[2], ())], of) == [
        "labels of source post: calm",
        "entities of source post: palce",
        "unused of source post: friend",
        "[labels] merge: letter.a",
        "[labels] unlabel: letter.c",
    ]


def test_a_wild_card_is_never_idle() -> None:
    of = recipe([{"name": "post", "unused": ["*"]}])
    assert idle_entries([(of.sources[1], ())], of) == []
