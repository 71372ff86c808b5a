"""The command line: ``crm-research COMMAND``. Each command is a module of this package with a ``command``."""

from __future__ import annotations

import errno
import os
import sys
import tempfile
import traceback
from importlib import import_module
from typing import Any, Final

import click

from crm_research import __version__
from crm_research.addresses import hide_credentials
from crm_research.cli.usage import say_usage
from crm_research.errors import CrmError, offer_names
from crm_research.stopping import listening, stoppable
from crm_research.time_limit import TimeLimitExceeded

# Shows where an error came from; understood before or behind any command.
_TRACEBACK: Final = "--traceback"
_LONGEST_SAID: Final = 300

# Name on the command line to module; a module is imported only when its command is asked for.
_COMMANDS = {
    "demo": "demo",
    "init": "init",
    "list": "list_reports",
    "check": "check",
    "link": "link",
    "repair": "repair",
    "run": "run",
    "publish": "publish",
    "diff": "diff",
    "scan": "scan",
    "assign": "assign",
    "new": "new",
    "simulate": "simulate",
    "schedule": "schedule",
    "cache": "cache",
    "manual": "manual",
}


class _LazyCommands(click.Group):
    """Commands that are imported when they are used: help and errors come at once."""

    def list_commands(self, _ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, _ctx: click.Context, name: str) -> click.Command | None:
        if name not in _COMMANDS:
            return None
        command: click.Command = import_module(f"{__name__}.{_COMMANDS[name]}").command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in _COMMANDS and not args[0].startswith("-"):
            raise click.UsageError(f"There is no command {args[0]!r}. {offer_names(args[0], _COMMANDS)}", ctx)
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command. A file that ends too early is no wish to stop, for which click takes it."""
        try:
            return super().invoke(ctx)
        except EOFError as problem:
            raise RuntimeError(f"a file ended too early ({problem})") from problem


@click.group(cls=_LazyCommands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="crm-research")
def cli() -> None:
    """A research desk for customer relationships: from records to reports.

    \b
    crm-research demo                                  the reports on samples, to look at
    crm-research init desk                             a folder to work in
    crm-research list                                  the reports and the studies
    crm-research check cdnow                           is this study fit for use?
    crm-research link mine                             one number a customer across systems
    crm-research repair mine                           one record a customer, every change told
    crm-research run --study cdnow                     every report that applies
    crm-research run churn --study mine.yaml           one report on your own study file
    crm-research diff mine                             what has changed since the last run
    crm-research new study mine --from orders.csv      draft a study file from your files
    crm-research schedule next                         the runs that come by themselves
    crm-research manual studies                        how a study file is written

    Errors are told in one paragraph. Add --traceback (or set CRM_RESEARCH_DEBUG=1) to see where one came from.
    """  # noqa: D301  (click needs the bare \b)


def main() -> None:
    """Run the command line; errors of ours are one paragraph on standard error and exit status 2."""
    arguments = [argument for argument in sys.argv[1:] if argument != _TRACEBACK]
    is_tracing = len(arguments) < len(sys.argv) - 1 or bool(os.environ.get("CRM_RESEARCH_DEBUG"))
    try:
        with listening(), stoppable():
            cli(args=arguments, prog_name="crm-research", standalone_mode=False)
    except click.exceptions.Exit as leaving:
        sys.exit(leaving.exit_code)
    except click.exceptions.NoArgsIsHelpError as problem:
        problem.show()
        sys.exit(2)
    except click.ClickException as problem:
        named = [name for name in arguments[:1] if name in _COMMANDS]
        click.echo(f"crm-research: {say_usage(problem, ' '.join(['crm-research', *named]))}", err=True)
        sys.exit(2)
    except TimeLimitExceeded as problem:
        _trace(is_tracing)
        click.echo(f"crm-research: {problem}", err=True)
        sys.stdout.flush()
        sys.stderr.flush()
        # A thread of the engine may still be at work on what was interrupted, and leaving in order would wait for it.
        os._exit(2)
    except CrmError as problem:
        _trace(is_tracing)
        click.echo(f"crm-research: {problem}", err=True)
        sys.exit(2)
    except BrokenPipeError:
        sys.exit(1)
    except OSError as problem:
        _trace(is_tracing)
        click.echo(f"crm-research: {_say_os_error(problem)}", err=True)
        sys.exit(2)
    except (KeyboardInterrupt, click.Abort):
        click.echo("crm-research: stopped; nothing half-written was left.", err=True)
        sys.exit(130)
    except Exception as problem:
        _trace(is_tracing)
        click.echo(f"crm-research: {_say_unforeseen(problem)}", err=True)
        sys.exit(2)


def _say_os_error(problem: OSError) -> str:
    """Files and folders that may not be read or written, in words with the place where it is known."""
    place = f"{problem.filename}: " if problem.filename else ""
    mend = "Check the path and its permissions."
    if problem.errno in {errno.ENOSPC, errno.EDQUOT}:
        mend = f"Free some space there, or in the folder for temporary files ({tempfile.gettempdir()})."
    elif isinstance(problem, FileNotFoundError) and "temporary directory" in str(problem):
        mend = "Set TMPDIR to a folder that can be written."
    return f"{place}{problem.strerror or problem}. {mend}"


def _say_unforeseen(problem: Exception) -> str:
    """What went wrong in our own code: for whoever reports it, and what the user can do meanwhile."""
    lines = hide_credentials(str(problem)).strip().splitlines()
    said = f"{type(problem).__name__}: {lines[0][:_LONGEST_SAID]}" if lines else type(problem).__name__
    return (
        f"unforeseen: {said}. This is a mistake in crm_research, or a case it does not know. "
        f"Add {_TRACEBACK} to the command to see where it happened, and report that."
    )


def _trace(is_asked: bool) -> None:
    if is_asked:
        click.echo(hide_credentials(traceback.format_exc()), err=True)
