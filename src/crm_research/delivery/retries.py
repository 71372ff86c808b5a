"""Another try for what may pass: a server that is busy, a line that broke. What will not pass is told at once."""

from __future__ import annotations

import re
import socket
import time
from collections.abc import Callable
from typing import Final, TypeVar

TRIES: Final = 4
FIRST_PAUSE: Final = 0.5
_PASSING: Final = re.compile(
    r"SlowDown|SLOW_DOWN|ServiceUnavailable|SERVICE_UNAVAILABLE|InternalError|INTERNAL_FAILURE|RequestTimeout"
    r"|REQUEST_TIMEOUT|NETWORK_CONNECTION|curlCode|timed? ?out|Could not connect|Connection (?:reset|refused|aborted)"
    r"|HTTP response code:? 5\d\d|\b(?:429|500|502|503|504)\b|temporarily",
    re.IGNORECASE,
)
_PASSING_CODES: Final = frozenset({408, 423, 425, 429, 500, 502, 503, 504})
Made = TypeVar("Made")


def trying(
    work: Callable[[], Made],
    *,
    tries: int = TRIES,
    pause: float = FIRST_PAUSE,
    between: Callable[[], None] | None = None,
) -> Made:
    """Do it; after what may pass do it again, each time after twice as long.

    Parameters
    ----------
    between
        What is done before each further try, such as connecting anew.
    """
    for attempt in range(1, tries + 1):
        try:
            return work()
        except Exception as problem:
            if attempt == tries or not may_pass(problem):
                raise
            time.sleep(pause * 2 ** (attempt - 1))
            if between is not None:
                between()
    raise AssertionError("the last try returns or raises")


def may_pass(problem: BaseException) -> bool:
    """Is it worth another try: a line that broke, a server that is busy?"""
    if isinstance(problem, (FileNotFoundError, PermissionError, FileExistsError, IsADirectoryError)):
        return False
    if isinstance(problem, (ConnectionError, TimeoutError, socket.gaierror, EOFError)):
        return True
    kinds = {kind.__name__ for kind in type(problem).__mro__}
    if kinds & {"TransportError", "BadGatewayError", "SMTPServerDisconnected", "NoValidConnectionsError"}:
        return True
    if kinds & {"AuthenticationException", "BadHostKeyException", "SSLError"}:
        return False
    code = getattr(problem, "status_code", None) or getattr(problem, "smtp_code", None)
    if isinstance(code, int):
        is_of_mail = hasattr(problem, "smtp_code")
        return 400 <= code < 500 if is_of_mail else code in _PASSING_CODES
    return _PASSING.search(str(problem)) is not None
