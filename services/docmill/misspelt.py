"""Variables of the environment that were meant for the connection's security and that no setting reads.

Passed over in silence, a misspelt one would leave documents in the clear. Others are let be: Kubernetes itself sets
`DOCMILL_PORT` and the like for a Service of that name.
"""

import re
from collections.abc import Iterable, Iterator
from difflib import get_close_matches

PREFIX = "DOCMILL_"
OF_SECURITY = re.compile(r"(SASL|SSL|TLS|SECURITY)")
ALIKE = 0.85  # DOCMILL_SECURTY_PROTOCOL is; a name of the first kind need not be alike


def misspelt(variables: Iterable[str], settings: Iterable[str]) -> Iterator[str]:
    """What to say of each variable that is about security and belongs to none of `settings`, nor is any case of one."""
    known = [f"{PREFIX}{name.upper()}" for name in settings]
    secure = [name for name in known if OF_SECURITY.search(name)]
    for variable in sorted(variables):
        name = variable.upper()
        if not name.startswith(PREFIX) or name in known:
            continue
        nearest = get_close_matches(name, secure, 1, 0.0 if OF_SECURITY.search(name) else ALIKE)
        if nearest:
            yield f"{variable}: no setting has this name; did you mean {nearest[0]}?"
