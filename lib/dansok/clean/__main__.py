"""Command of `dansok.clean`."""

import signal
import sys

from dansok.clean import main
from dansok.words import exit_on_refusal

if __name__ == "__main__":
    # An interrupted run removes its staging folder too.
    signal.signal(signal.SIGTERM, lambda number, _frame: sys.exit(128 + number))
    exit_on_refusal(main, sys.argv[1:])
