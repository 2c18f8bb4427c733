"""``python -m synthgen_core``: the command line."""

import sys

from synthgen_core.cli import main

sys.exit(main())
