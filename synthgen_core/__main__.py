"""``python -m synthgen_core``: the command line."""

import gc
import sys

gc.set_threshold(20_000)  # what is imported is no garbage; looking through it every 700 objects takes 0.2 s of a run

from synthgen_core.cli import main  # noqa: E402 - the line above is for this one, too

code = main()
gc.freeze()  # the end of the process need not search for garbage in all that was imported: 0.15 s
sys.exit(code)
