"""``python -m tools.chaos.microburst_process SEED ...``: run microburst with seeded random numbers."""

from __future__ import annotations

import random
import sys

from microburst.cli import main

from tools.chaos.child import end_with_parent

if __name__ == "__main__":
    end_with_parent()
    random.seed(int(sys.argv[1]))
    sys.exit(main(sys.argv[2:]))
