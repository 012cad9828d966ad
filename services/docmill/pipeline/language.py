"""Is a text written in a language that the bundle knows? A vote of function words, and the script.

A language identifier of the trade (py3langid) costs 4 to 10 ms a document, as much as the model itself, and calls
receipts Malay or Bikol (docs/decisions/0004-language.md). All that routing needs is to notice text that is plainly
something else; what is short or has no sentences passes, since the other thresholds still stand.
"""

import re
from collections import Counter

# Two letters or more, and nothing that a form, a receipt or an abbreviation in another language writes as well.
FUNCTION_WORDS = {
    "en": "the of and to is was for that with on as by at this be are from have my not you it or which has were",
    "de": "der die das und ist nicht ein eine den dem des mit auf für von zum sich wir ich sie wurde bei auch",
    "fr": "le les des et est une dans pour pas que qui sur avec nous vous je ce au du par été cette être",
    "es": "el los las que una por con para se su al del es como más fue está pero sus esta",
    "it": "il di che una per non con sono della le gli nel si come più dal alla questo anche",
    "pt": "os as que em um uma para com não por do da na ao dos foi pelo mais seu sua",
    "nl": "het een en van niet dat met op voor zijn te ik aan er wij bij ook naar worden",
    "pl": "na do nie się jest że od po przez jak oraz dla który są było tego",
}
SPEAKERS = {
    word: tuple(language for language, words in FUNCTION_WORDS.items() if word in words.split())
    for words in FUNCTION_WORDS.values()
    for word in words.split()
}
SAMPLED_CHARACTERS = 4_000
MIN_VOTES = 8  # fewer function words than this say nothing
MARGIN = 1.5  # a foreign language must collect this many times the votes of any known one
MAX_FOREIGN_SCRIPT_SHARE = 0.3  # of the letters, outside the Latin script
WORD = re.compile(r"[^\W\d_]+")
FOREIGN_SCRIPT = re.compile(r"[^\W\d_\u0000-\u024f]")  # letters past Latin Extended-B


def language_is_known(text: str, languages: tuple[str, ...]) -> bool:
    """False only where another script or another language's function words plainly prevail. Latin script only.

    Function words decide nothing for a bundle that knows a language which has no list here.
    """
    sample = text[:SAMPLED_CHARACTERS].lower()
    words = WORD.findall(sample)
    foreign_letters = len(FOREIGN_SCRIPT.findall(sample))
    if foreign_letters > MAX_FOREIGN_SCRIPT_SHARE * sum(map(len, words)):
        return False
    if any(language not in FUNCTION_WORDS for language in languages):
        return True  # no vote can be held without that language's words
    votes = Counter(language for word in words for language in SPEAKERS.get(word, ()))
    known = max(votes[language] for language in languages)
    foreign = max((count for language, count in votes.items() if language not in languages), default=0)
    return foreign < MIN_VOTES or foreign < MARGIN * known
