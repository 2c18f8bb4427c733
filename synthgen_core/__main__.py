"""``python -m synthgen_core``: the command line."""

import gc
import sys


def run() -> int:
    """Import the command line and run it, with a garbage collector that does not look through what is imported."""
    gc.set_threshold(20_000)  # set before the imports: looking through them every 700 objects takes 0.2 s of a run
    from synthgen_core.cli import main

    code = main()
    gc.freeze()  # the end of the process need not search for garbage in all that was imported: 0.15 s
    return code


sys.exit(run())
