from docmill.training.claims.pools import Part, portion, table, words


def test_portions_are_apart_and_lose_nothing() -> None:
    entries = tuple(range(23))
    train, validation = portion(entries, Part.TRAIN), portion(entries, Part.VALIDATION)
    assert validation == (4, 9, 14, 19)
    assert sorted(train + validation) == list(entries)


def test_words() -> None:
    assert words("a, b c ,d") == ("a", "b c", "d")
    assert words("a, b; c", ";") == ("a, b", "c")


def test_every_pool_of_names_has_a_portion_for_validation() -> None:
    for origin, lists in table("names").items():
        for key in ("she", "he", "last"):
            entries = words(lists[key])
            assert len(entries) == len(set(entries)), (origin, key)
            assert portion(entries, Part.VALIDATION), (origin, key)


def test_no_name_is_in_both_parts() -> None:
    """A name that two origins share would fall on both sides: a family name, or a given one."""
    for keys in (("she", "he"), ("last",)):
        lists = [words(origin[key]) for origin in table("names").values() for key in keys]
        parts = [{name for entries in lists for name in portion(entries, part)} for part in Part]
        assert not parts[0] & parts[1]


def test_no_coined_word_street_or_town_is_twice() -> None:
    coined = words(table("companies")["coined"])
    streets = words(table("streets")["names"])
    towns = [town for country in table("countries").values() for town in words(country["towns"])]
    for entries in (coined, streets, towns):
        assert len(entries) == len(set(entries))
