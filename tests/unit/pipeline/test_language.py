import pytest
from hypothesis import given
from hypothesis import strategies as st

from docmill.pipeline.language import FUNCTION_WORDS, language_is_known

TEXTS = {
    "en": "I have paid the bill in full and it is not my fault that the bank was late with the letter for this claim.",
    "de": "Wir haben die Rechnung nicht bezahlt, und das Schreiben der Bank ist bei uns auch nicht mit der Post "
    "angekommen, sondern wurde von dem Boten für den Nachbarn abgegeben.",
    "fr": "Nous avons payé la facture et le courrier de la banque ne nous est pas parvenu dans les délais, ce que je "
    "regrette pour vous et pour une autre personne.",
    "pl": "Nie jest to moja wina, że bank za późno do mnie napisał, i na tym się to nie kończy, bo jak już to było, "
    "to jest po terminie.",
}
GREEK = "Η τράπεζα δεν έστειλε το έγγραφο στην ώρα του και γι' αυτό δεν πληρώσαμε."


@pytest.mark.parametrize("language", TEXTS)
def test_a_bundle_knows_its_own_language_and_no_other(language: str) -> None:
    for other, text in TEXTS.items():
        assert language_is_known(text, (language,)) == (other == language)


def test_a_bundle_may_know_several() -> None:
    assert language_is_known(TEXTS["de"], ("en", "de"))
    assert not language_is_known(TEXTS["fr"], ("en", "de"))


def test_another_script_is_foreign_at_any_length() -> None:
    assert not language_is_known(GREEK, ("en",))
    assert not language_is_known("Ω", ("en",))


def test_a_name_in_another_script_is_not_a_foreign_text() -> None:
    assert language_is_known(f"{TEXTS['en']} Signed: Γιώργος", ("en",))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "123 456,00",
        "KEDAI PAPAN YEW CHUAN\nLOT 276 JALAN BANTING\n43800 DENGKIL, SELANGOR\nTOTAL 44.50",
        "Der Hund und die Katze",  # too short for a vote
    ],
)
def test_what_holds_no_sentences_passes(text: str) -> None:
    assert language_is_known(text, ("en",))


def test_a_language_without_function_words_here_cannot_lose_the_vote() -> None:
    swedish = "Det var en gång en man som bodde i en by och han var en av de rika i trakten, man sa det om en av dem. "
    assert "sv" not in FUNCTION_WORDS
    assert language_is_known(swedish * 5, ("sv",))
    assert not language_is_known(GREEK, ("sv",))  # the script still counts


@given(st.text(), st.sampled_from([("en",), ("de", "en"), ("sv",)]))
def test_never_raises(text: str, languages: tuple[str, ...]) -> None:
    assert isinstance(language_is_known(text, languages), bool)
