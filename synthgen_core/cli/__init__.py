"""The command line: the same actions as the pages, for terminals and scripts.

Exit codes: 0 done; 1 failed; 2 wrong usage or input; 3 done in part (some examples are missing, or the budget is
reached); 130 interrupted, and can be resumed. A new command is one function and its row in ``commands.COMMANDS``.
"""

import argparse
import json
import sys
from collections.abc import Sequence

from synthgen_core import __version__
from synthgen_core.cli.commands import COMMANDS
from synthgen_core.cli.output import FAILED, INTERRUPTED, USAGE
from synthgen_core.errors import ConfigError, NotFoundError, SynthGenError
from synthgen_core.settings import load_settings, read_environment
from synthgen_core.workspace import log_to_stderr


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code. Errors go to stderr, or as JSON to stdout with ``--json``."""
    parser = argparse.ArgumentParser(prog="python -m synthgen_core", description="SynthGen, the Dataset Creator.")
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    given = sys.argv[1:] if arguments is None else arguments
    for command in COMMANDS:
        subparser = commands.add_parser(command.name, help=command.help, description=command.help)
        if command.name not in given:
            continue  # it is listed, and not loaded
        if command.arguments:
            command.load(command.arguments)(subparser)
        subparser.add_argument("--json", action="store_true", help="print JSON, for machines")
        if command.needs_data:
            subparser.add_argument(
                "--data-dir", metavar="DIR", help="where the datasets are (default: DATA_DIR, or data/)"
            )
        subparser.set_defaults(run=command.load(command.run))
    options = parser.parse_args(given)
    try:
        log_to_stderr(load_settings().log_level if read_environment().get("LOG_LEVEL") else "warning")
        return int(options.run(options))
    except SynthGenError as error:
        if options.json:
            print(json.dumps({"status": "error", "detail": error.message, "hint": error.hint}, ensure_ascii=False))
        else:
            print(f"Error: {error}", file=sys.stderr)
        return USAGE if isinstance(error, ConfigError | NotFoundError) else FAILED
    except BrokenPipeError:
        return FAILED
    except KeyboardInterrupt:
        return INTERRUPTED
