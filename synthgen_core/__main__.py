"""``python -m synthgen_core``: the command line."""

import gc
import sys

from synthgen_core.cli import main

code = main()
gc.freeze()  # the end of the process need not search for garbage in all that was imported: 0.15 s
sys.exit(code)
