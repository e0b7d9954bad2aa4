"""Import single modules of a provider's bindings, not all two thousand of them.

The package's own ``__init__`` imports every module it has, which takes ten seconds; a
placeholder with the same search path lets ``import package.module`` find just that one.
"""

from __future__ import annotations

import sys
from importlib.machinery import PathFinder
from importlib.util import module_from_spec


def import_lazily(package: str) -> None:
    """Put a placeholder for *package* in ``sys.modules``, unless it is imported already."""
    if package in sys.modules:
        return
    spec = PathFinder.find_spec(package)
    if spec is None:
        raise ModuleNotFoundError(f"No package {package!r}: run 'make setup'", name=package)
    sys.modules[package] = module_from_spec(spec)
