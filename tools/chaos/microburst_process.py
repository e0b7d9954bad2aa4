"""``python -m tools.chaos.microburst_process SEED ...``: run microburst with seeded random numbers."""

from __future__ import annotations

import random
import sys

from microburst import forward
from microburst.cli import main

from tools.chaos.child import end_with_parent


def keep_lengths() -> None:
    """Let responses keep their Content-Length, which microburst 0.10.0 removes.

    S3 always sends it. Without it the answer to HEAD has no size, and a cut body looks complete.
    """
    forward.HOP_BY_HOP -= {"content-length"}


if __name__ == "__main__":
    end_with_parent()
    keep_lengths()
    random.seed(int(sys.argv[1]))
    sys.exit(main(sys.argv[2:]))
