"""`python -m tests.integration.altered_processor run processor`: docmill, slower than it is, or mortal.

TEST_SLOW_S: a document that holds SLOW_TEXT takes so many seconds more. TEST_DEADLY_TEXT: a document that holds it
kills the process, as a segmentation fault or the kernel's out-of-memory killer would. TEST_QUOTED_TEXT: a document that
holds it meets a bug, whose exception quotes the whole document. The child in which suspects are tried is altered too.
"""

import os
import signal
import sys
import time

from docmill import processing
from docmill.cli import main
from docmill.kafka import bundle_child, trial_child
from docmill.pipeline.window import TextTokenizer, Tokens, Windowing, tokenise

SLOW_TEXT = "take your time"
SLOW_S = float(os.environ.get("TEST_SLOW_S", "0"))
DEADLY_TEXT = os.environ.get("TEST_DEADLY_TEXT")
QUOTED_TEXT = os.environ.get("TEST_QUOTED_TEXT")
TRIAL = "trial"


def altered(tokenizer: TextTokenizer, windowing: Windowing, text: str) -> Tokens:
    if DEADLY_TEXT is not None and DEADLY_TEXT in text:
        os.kill(os.getpid(), signal.SIGKILL)
    if QUOTED_TEXT is not None and QUOTED_TEXT in text:
        raise ValueError(text)
    if SLOW_TEXT in text:
        time.sleep(SLOW_S)
    return tokenise(tokenizer, windowing, text)


if __name__ == "__main__":
    processing.tokenise = altered  # type: ignore[attr-defined]
    if sys.argv[1] == TRIAL:
        del sys.argv[1]
        trial_child.main()
    else:
        bundle_child.CHILD = (sys.executable, "-m", "tests.integration.altered_processor", TRIAL)
        main()
