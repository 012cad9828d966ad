"""`python -m tests.integration.altered_processor run processor`: docmill, slower than it is, or mortal.

TEST_SLOW_S: a document that holds SLOW_TEXT takes so many seconds more. TEST_DEADLY_TEXT: a document that holds it
kills the process, as a segmentation fault or the kernel's out-of-memory killer would. TEST_QUOTED_TEXT: a document that
holds it meets a bug, whose exception quotes the whole document. TEST_ENDLESS_TEXT: one that holds it is computed for
ever. TEST_UNPARSED_TEXT: no parser process can be started for one that holds it. The child in which suspects are tried
is altered too.
"""

import os
import signal
import sys
import time

from docmill import processing
from docmill.cli import main
from docmill.errors import DependencyError
from docmill.kafka import bundle_child, trial_child
from docmill.pipeline.window import TextTokenizer, Tokens, Windowing, tokenise

SLOW_TEXT = "take your time"
SLOW_S = float(os.environ.get("TEST_SLOW_S", "0"))
DEADLY_TEXT = os.environ.get("TEST_DEADLY_TEXT")
QUOTED_TEXT = os.environ.get("TEST_QUOTED_TEXT")
ENDLESS_TEXT = os.environ.get("TEST_ENDLESS_TEXT")
UNPARSED_TEXT = os.environ.get("TEST_UNPARSED_TEXT")
TRIAL = "trial"
ALTERATIONS = ("TEST_SLOW_S", "TEST_DEADLY_TEXT", "TEST_QUOTED_TEXT", "TEST_ENDLESS_TEXT", "TEST_UNPARSED_TEXT")


def altered(tokenizer: TextTokenizer, windowing: Windowing, text: str) -> Tokens:
    if DEADLY_TEXT is not None and DEADLY_TEXT in text:
        os.kill(os.getpid(), signal.SIGKILL)
    if QUOTED_TEXT is not None and QUOTED_TEXT in text:
        raise ValueError(text)
    while ENDLESS_TEXT is not None and ENDLESS_TEXT in text:
        pass
    if UNPARSED_TEXT is not None and UNPARSED_TEXT in text:
        raise DependencyError("no parser process can be started: Resource temporarily unavailable")
    if SLOW_TEXT in text:
        time.sleep(SLOW_S)
    return tokenise(tokenizer, windowing, text)


if __name__ == "__main__":
    processing.tokenise = altered  # type: ignore[attr-defined]
    if sys.argv[1] == TRIAL:
        del sys.argv[1]
        trial_child.main()
    else:
        bundle_child.ENVIRONMENT += ALTERATIONS  # type: ignore[attr-defined, assignment]
        bundle_child.CHILD = (sys.executable, "-m", "tests.integration.altered_processor", TRIAL)
        main()
