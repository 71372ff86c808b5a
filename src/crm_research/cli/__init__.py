"""The command line: ``crm-research COMMAND``. Each command is a module of this package with a ``command``."""

from __future__ import annotations

import sys
from importlib import import_module

import click

from crm_research import __version__
from crm_research.errors import CrmError, offer_names

# Name on the command line to module; a module is imported only when its command is asked for.
_COMMANDS = {
    "list": "list_reports",
    "check": "check",
    "run": "run",
    "assign": "assign",
    "new": "new",
    "simulate": "simulate",
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


@click.group(cls=_LazyCommands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="crm-research")
def cli() -> None:
    """A research desk for customer relationships: from records to reports.

    \b
    crm-research list                                  the reports and the studies
    crm-research check cdnow                           is this study fit for use?
    crm-research run --study cdnow                     every report that applies
    crm-research run churn --study mine.yaml           one report on your own study file
    crm-research new study mine --from orders.csv      draft a study file from your files
    """  # noqa: D301  (click needs the bare \b)


def main() -> None:
    """Run the command line; errors of ours are one paragraph on standard error and exit status 2."""
    try:
        cli(standalone_mode=False)
    except click.exceptions.Exit as leaving:
        sys.exit(leaving.exit_code)
    except click.ClickException as problem:
        problem.show()
        sys.exit(2)
    except CrmError as problem:
        click.echo(f"crm-research: {problem}", err=True)
        sys.exit(2)
    except BrokenPipeError:
        sys.exit(1)
    except OSError as problem:
        # Files and folders that may not be read or written; what went wrong in our own code stays a traceback.
        place = f"{problem.filename}: " if problem.filename else ""
        click.echo(f"crm-research: {place}{problem.strerror or problem}. Check the path and its permissions.", err=True)
        sys.exit(2)
    except (KeyboardInterrupt, click.Abort):
        click.echo("crm-research: stopped; nothing half-written was left.", err=True)
        sys.exit(130)
