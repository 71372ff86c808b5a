"""What a study file says of its readers: where its pages are published, and who gets them by mail."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, Final

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from crm_research.addresses import STORES, WHERE_KEYS_ARE, holds_password, scheme_of
from crm_research.said_by_others import say_found

WEBDAV: Final = ("webdav", "webdavs")
SFTP: Final = "sftp"
MAIL: Final = "mail"
SCHEMES: Final = (*STORES, *WEBDAV, SFTP)
_SAID_SCHEMES: Final = "s3://, gs://, abfs://, webdavs://, webdav:// or sftp://"
_INSTEAD: Final = {
    "http": "Write webdav:// for a server that speaks WebDAV.",
    "https": "Write webdavs:// for a server that speaks WebDAV.",
    "ftp": "Write sftp://.",
    "ssh": "Write sftp://.",
    "scp": "Write sftp://.",
    "file": "Write the folder as a path.",
    "mailto": "Addresses stand under recipients.",
    "smtp": "The mail server is named by CRM_RESEARCH_SMTP, and addresses stand under recipients.",
}
_MOST_ADDRESSES: Final = 500
_ADDRESS: Final = re.compile(r"[^\s@<>,;:\"()\[\]\\]+@[^\s@<>,;:\"()\[\]\\]+")
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
_WHERE_OTHER_KEYS_ARE: Final = {
    **dict.fromkeys(WEBDAV, "they are taken from CRM_RESEARCH_WEBDAV_USER and CRM_RESEARCH_WEBDAV_PASSWORD"),
    SFTP: "keys are taken from the agent, from CRM_RESEARCH_SFTP_KEY_FILE or from CRM_RESEARCH_SFTP_PASSWORD",
}


def why_no_target(text: str) -> str | None:
    """What is wrong with a target as somebody writes it, in words that show no credentials; None if nothing."""
    address = text.strip()
    if not address:
        return "is empty; write a folder, or an address that begins with " + _SAID_SCHEMES
    scheme = scheme_of(address)
    if scheme is None:
        return "holds a sign that no path has" if "\x00" in address else None
    if scheme not in SCHEMES:
        said = f"begins with {scheme}://, where nothing is published; write a folder, or {_SAID_SCHEMES}"
        return f"{said}. {_INSTEAD.get(scheme, '')}".rstrip(" .")
    place, _, path = address.partition("://")[2].partition("/")
    user = place.rpartition("@")[0]
    if holds_password(address) or ":" in user or (user and scheme not in (SFTP, "abfs", "abfss")):
        where = WHERE_KEYS_ARE.get(scheme) or _WHERE_OTHER_KEYS_ARE[scheme]
        return f"holds credentials; leave them out: {where}"
    if "?" in address or "#" in address:
        return "holds options behind a question mark or a #; leave them out"
    if not place.rpartition("@")[2].partition(":")[0]:
        return f"names no {'bucket' if scheme in STORES else 'server'}; write {scheme}://NAME/FOLDER"
    if ".." in path.split("/"):
        return "leads upwards with ..; write the folder itself"
    return None


def why_no_recipient(text: str) -> str | None:
    """What is wrong with an address of mail; None if nothing."""
    if _ADDRESS.fullmatch(text):
        return None
    if "@" not in text:
        return f"{text[:60]!r} has no @; write an address such as anna@example.com"
    return f"{text[:60]!r} is no address of mail; write it bare, such as anna@example.com"


def _as_target(text: str) -> str:
    if (problem := why_no_target(text)) is not None:
        raise ValueError(problem)
    return text.strip()


def _as_recipient(text: str) -> str:
    if (problem := why_no_recipient(text.strip())) is not None:
        raise ValueError(problem)
    return text.strip()


def _as_site(text: str) -> str:
    if scheme_of(text) not in ("http", "https") or holds_password(text) or "?" in text or "#" in text:
        raise ValueError("is no address of a site; write it as readers open it, such as https://reports.example.com")
    return text.strip().rstrip("/") + "/"


class PublishRule(BaseModel):
    """One place where a study's pages are published.

    Parameters
    ----------
    to
        A folder or an address.
    keep_runs, keep_days
        How many of a study's days stay there, the newest first, and how many days back from the newest; None keeps all.
    site
        Under which address readers open it; mails link there.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    to: Annotated[str, AfterValidator(_as_target)]
    keep_runs: Annotated[int, Field(ge=1, le=100_000)] | None = None
    keep_days: Annotated[int, Field(ge=1, le=100_000)] | None = None
    site: Annotated[str, AfterValidator(_as_site)] | None = None


def _as_named_targets(value: Any) -> Any:
    """Targets by name; those of a list, and one alone, are called after their place."""
    if isinstance(value, str) or (isinstance(value, Mapping) and "to" in value):
        value = [value]
    if isinstance(value, list):
        value = {str(place): each for place, each in enumerate(value, start=1)}
    if not isinstance(value, Mapping):
        raise ValueError(f"must be a folder or an address, or a list of them; found {say_found(value)}")
    for name in value:
        if not _NAME.fullmatch(str(name)) or name == MAIL:
            raise ValueError(
                f"{str(name)[:60]!r} is no name for a target; write it of a-z, 0-9 and hyphens, such as web"
            )
    return {str(name): {"to": each} if isinstance(each, str) else each for name, each in value.items()}


def _as_lists(value: Any) -> Any:
    """Addresses by the name of their list; addresses alone are the list ``all``."""
    if isinstance(value, (str, list)):
        value = {"all": value}
    if not isinstance(value, Mapping):
        raise ValueError(f"must be addresses of mail, or lists of them by name; found {say_found(value)}")
    for name in value:
        if not _NAME.fullmatch(str(name)):
            raise ValueError(
                f"{str(name)[:60]!r} is no name for a list; write it of a-z, 0-9 and hyphens, such as sales"
            )
    return {str(name): [each] if isinstance(each, str) else each for name, each in value.items()}


Targets = Annotated[dict[str, PublishRule], BeforeValidator(_as_named_targets)]
Recipients = Annotated[
    dict[
        str,
        Annotated[list[Annotated[str, AfterValidator(_as_recipient)]], Field(min_length=1, max_length=_MOST_ADDRESSES)],
    ],
    BeforeValidator(_as_lists),
]
