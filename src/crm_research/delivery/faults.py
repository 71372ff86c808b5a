"""What went wrong at a target, in one paragraph that shows no password."""

from __future__ import annotations

import errno
import os
import re
from typing import Final

from crm_research.addresses import WHERE_KEYS_ARE, hide_credentials, hide_fragments, is_stored, scheme_of
from crm_research.errors import CrmError
from crm_research.said_by_others import say_fault
from crm_research.sources.readers.stores.azure import secrets_of_connection

_SECRET: Final = re.compile(r"(?i)^(AWS_|AZURE_|GOOGLE_|CRM_RESEARCH_).*(key|secret|token|password|credential)")
_NOT_SECRET: Final = re.compile(r"(?i)(key_id|_file|_hosts|_credentials)$")
_KEYS: Final = {
    "webdav": "user and password are taken from CRM_RESEARCH_WEBDAV_USER and CRM_RESEARCH_WEBDAV_PASSWORD",
    "webdavs": "user and password are taken from CRM_RESEARCH_WEBDAV_USER and CRM_RESEARCH_WEBDAV_PASSWORD",
    "sftp": "keys are taken from the agent, from CRM_RESEARCH_SFTP_KEY_FILE or from CRM_RESEARCH_SFTP_PASSWORD",
}
_FULL: Final = "is full: there is no room for what was sent. Free some space there and publish again."
_UNKNOWN_KEY: Final = (
    "is not known to be the server it says it is: its key is not among the known hosts. Ask its keeper for the key, "
    "and add it to ~/.ssh/known_hosts or to the file that CRM_RESEARCH_SFTP_KNOWN_HOSTS names."
)
_NOT_VOUCHED: Final = (
    "shows a certificate that nobody here vouches for. Have it mended, or name the house's own authority in "
    "CRM_RESEARCH_WEBDAV_CA_FILE."
)
_NO_BUCKET: Final = "lies in a bucket that is not there. Make it first: publishing makes none."
_REFUSES: Final = "refuses: what it was shown does not allow to write there. {keys}."
_NO_SERVER: Final = "names a server that nobody knows. Check the name and the network."
_NOT_REACHED: Final = "cannot be reached, or breaks off, after {tries} tries. Check the network and the server."
_REFUSALS: Final = (
    r"ACCESS_DENIED|AccessDenied|Access Denied|INVALID_ACCESS_KEY|InvalidAccessKey|SIGNATURE_DOES_NOT|SignatureDoesNot"
    r"|EXPIRED_TOKEN|INVALID_CLIENT_TOKEN|credential|Authentication|\b40[13]\b|Permission denied|Unauthorized|Forbidden"
)
_BREAKS: Final = (
    r"\b50[0234]\b|\b429\b|BadGateway|SlowDown|SLOW_DOWN|NETWORK_CONNECTION|[Cc]onnect|refused|timed? ?out|curlCode"
    r"|unreachable|EOF|Server disconnected|reset"
)
# What a client's words hold, to what we say.
_FAULTS: Final = (
    (r"BadHostKey|not found in known_hosts|Host key", _UNKNOWN_KEY),
    (r"CERTIFICATE_VERIFY|certificate", _NOT_VOUCHED),
    (r"NO_SUCH_BUCKET|NoSuchBucket|bucket does not exist|ContainerNotFound|Bucket '[^']*' not found", _NO_BUCKET),
    (_REFUSALS, _REFUSES),
    (r"INSUFFICIENT_STORAGE|InsufficientStorage|\b507\b|No space left|quota", _FULL),
    (r"Name or service not known|nodename nor servname|resolve|getaddrinfo", _NO_SERVER),
    (_BREAKS, _NOT_REACHED),
)


def say_unpublished(address: str, problem: Exception, *, tries: int) -> str:
    """Why nothing, or not all, reached a target, and what to do."""
    if isinstance(problem, CrmError):
        return str(problem)
    if isinstance(problem, OSError) and problem.errno in {errno.ENOSPC, errno.EDQUOT}:
        return f"{address} {_FULL}"
    text = f"{type(problem).__name__}: {problem}"
    scheme = str(scheme_of(address))
    if scheme == "None":
        said = getattr(problem, "strerror", None) or problem
        place = getattr(problem, "filename", None)
        where = f" ({place})" if place and str(place) != address else ""
        return f"{address} cannot be written: {said}{where}. Check the path and its permissions."
    for pattern, words in _FAULTS:
        if re.search(pattern, text):
            keys = WHERE_KEYS_ARE[scheme] if is_stored(address) else _KEYS.get(scheme, "check who may write there")
            return f"{address} {words.format(keys=keys[0].upper() + keys[1:], tries=tries)}"
    return f"{address} cannot be published to: {without_secrets(say_fault(problem) or type(problem).__name__)}."


def without_secrets(text: str) -> str:
    """The same words without a piece of any password of the environment."""
    values = [value for name, value in os.environ.items() if _SECRET.search(name) and not _NOT_SECRET.search(name)]
    values += secrets_of_connection()
    return hide_fragments(hide_credentials(text), [value for value in values if value])
