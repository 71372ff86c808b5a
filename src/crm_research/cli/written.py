"""What a command says of a file that it has written beside a study."""

from __future__ import annotations


def say_not_read(table: str) -> str:
    """That the study reads this table from elsewhere, and how it reads the file."""
    return (
        f"Note: the study is not read with these {table}, since it takes {table} from elsewhere. Put them there, or "
        f"have {table} in the study file read this file."
    )
