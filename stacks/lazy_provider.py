"""Import only the modules of a provider's bindings that are used, not all two thousand.

The package's own ``__init__`` imports every module, which takes ten seconds. A placeholder with the
same search path makes ``import package.module`` import only that module.
"""

from __future__ import annotations

import sys
from importlib.machinery import PathFinder
from importlib.util import module_from_spec


def import_lazily(package: str) -> None:
    """Put a placeholder for *package* in ``sys.modules``, unless the package is imported already."""
    if package in sys.modules:
        return
    spec = PathFinder.find_spec(package)
    if spec is None:
        raise ModuleNotFoundError(f"No package {package!r}: run 'make setup'", name=package)
    sys.modules[package] = module_from_spec(spec)
