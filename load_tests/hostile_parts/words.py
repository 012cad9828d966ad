"""What each defence promises, and why some do not keep it. Words alone."""

from collections.abc import Mapping

from load_tests.hostile_parts.beside import LEANING
from load_tests.hostile_parts.documents import Defence

WHAT_HOLDS: Mapping[Defence, str] = {
    Defence.ONE_JSON_STRING: (
        "document and passages are one JSON object of one line; the system message knows nothing of it"
    ),
    Defence.NO_TEMPLATE_TOKEN: "no token of a chat template reaches the model, nor in a repair",
    Defence.NOTHING_INVISIBLE: "nothing that a person cannot see reaches the model, nor in a repair",
    Defence.AS_WRITTEN: "nothing in a document is filled in or worked out",
    Defence.HIDDEN_MARKUP: "what a page or mail hides from a person is not read",
    Defence.NO_EFFECT: "no file is opened, no address asked, no code run (the interpreter's own audit events)",
    Defence.BOUNDED: "prompt, answer and processor time have a bound, or it is a dead letter",
    Defence.READABLE_ANSWER: "what is no answer is not made one",
    Defence.OFFERED_LABEL: "a label that was not offered is refused",
    Defence.ASKED_FIELD: "a field that was not asked for is refused",
    Defence.STATED_VALUE: "a value that does not stand in the document is refused",
    Defence.WHOLE_VALUE: "a value cut out of a word or number, or without its sign, is refused",
    Defence.AS_SEEN: "a value is published as a person reads it, or not at all",
    Defence.KNOWN_SOURCE: "a citation of no retrieved passage is refused",
    Defence.QUOTE_OF_SOURCE: "a quote that does not stand in its passage is refused",
    Defence.CITATION_BEARS_OUT: "a citation that does not bear the answer out is refused",
    Defence.CITED_LABEL: "a wrong label that is offered is not believed together with a citation",
    Defence.STEERED_LABEL: "a wrong label that is offered is not believed at all",
    Defence.PUBLISHED_LABEL: "by the shipped policy a wrong label is not published where tier 1 leans to the right one",
    Defence.MISLED_LABEL: (
        f"nor where tier 1 itself leans to the wrong one, as much as it may without deciding alone ({LEANING:g})"
    ),
    Defence.PLANTED_VALUE: "a value that the attacker wrote into the document is not believed",
    Defence.PUBLISHED_VALUE: "by the shipped policy such a value is not published where the fast model did not see it",
    Defence.MISLED_VALUE: "nor where the fast model proposes it itself, as much as it may without being sure (0.85)",
    Defence.WORDS_IN_SEARCH: "to the search a document is words, whatever else it looks like",
    Defence.QUIET_TERMINAL: "what `docmill process` and `docmill tail` print steers no terminal and is one line",
    Defence.PLAIN_CELL: "no value is a formula to a spreadsheet",
}
WHY_NOT: Mapping[Defence, str] = {
    Defence.HIDDEN_MARKUP: (
        "a page's style sheet, its colours, sizes and places are not worked out, and of a mail's versions the plain "
        "one is read, whatever the other shows"
    ),
    Defence.AS_SEEN: "letters that look like digits are letters: an amount is made of the digits that stand there",
    Defence.CITATION_BEARS_OUT: (
        "a passage is believed, whoever wrote it: a wrong exemplar, a poisoned rule or list; and words are compared, "
        "not what a sentence says of them"
    ),
    Defence.CITED_LABEL: "a passage that was retrieved speaks for that label, or says so",
    Defence.STEERED_LABEL: (
        "a label of the list is an answer like any other, and nothing in it says who wanted it; evidence, tier 1 or a "
        "person has to speak against it"
    ),
    Defence.MISLED_LABEL: "tier 1, a passage and the model agree on it: three voices, all of them wrong",
    Defence.PLANTED_VALUE: "it stands in the document, as a right one does",
    Defence.MISLED_VALUE: "the fast model and the generator agree on it, and it stands in the document",
    Defence.PLAIN_CELL: "values are published as they stand: a spreadsheet has to load them as text",
}
