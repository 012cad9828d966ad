"""Is a text written in a language that the bundle knows? A vote of function words, and the script.

A language identifier of the trade (py3langid) costs 4 to 10 ms a document, as much as the model itself, and calls
receipts Malay or Bikol (docs/decisions/0004-language.md). All that routing needs is to notice text that is plainly
something else; what is short or has no sentences passes, since the other thresholds still stand.
"""

import re

FUNCTION_WORDS = {
    "en": "the of and to in is was for that with on as by at this be are from have i my not you it or",
    "de": "der die das und ist nicht ein eine den dem des mit auf für von zu im sich wir ich sie wurde bei auch",
    "fr": "le la les des et est une un dans pour pas que qui sur avec nous vous je ce au du par ne été",
    "es": "el la los las de que y en un una por con no para se su al lo del es como más fue",
    "it": "il la di che e un una per non con sono del della le gli nel si da come più ha è",
    "pt": "o a os as de que e em um uma para com não por do da no na se ao dos foi é",
    "nl": "de het een en van is niet dat met op voor zijn te in ik aan er wij bij ook naar",
    "pl": "i w na z do nie się jest że to za od po przez jak oraz dla który są",
}
WORDS = {language: frozenset(words.split()) for language, words in FUNCTION_WORDS.items()}
SAMPLED_CHARACTERS = 8_000
MIN_VOTES = 8  # fewer function words than this say nothing
MARGIN = 1.5  # a foreign language must collect this many times the votes of any known one
MAX_FOREIGN_SCRIPT_SHARE = 0.3  # of the letters, outside the Latin script


def language_is_known(text: str, languages: tuple[str, ...]) -> bool:
    """False only where another script or another language's function words plainly prevail. Latin script only.

    Function words decide nothing for a bundle that knows a language which has no list here.
    """
    sample = text[:SAMPLED_CHARACTERS].lower()
    letters = [c for c in sample if c.isalpha()]
    foreign = sum(1 for c in letters if ord(c) > 0x24F)  # past Latin Extended-B
    if letters and foreign > MAX_FOREIGN_SCRIPT_SHARE * len(letters):
        return False
    if any(language not in WORDS for language in languages):
        return True  # no vote can be held without that language's words
    words = re.findall(r"[^\W\d_]+", sample)
    votes = {language: sum(word in known for word in words) for language, known in WORDS.items()}
    known_votes = max(votes[language] for language in languages)
    foreign_votes = max((count for language, count in votes.items() if language not in languages), default=0)
    return foreign_votes < MIN_VOTES or foreign_votes < MARGIN * known_votes
