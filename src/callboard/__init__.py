"""Callboard: a developer opens their service and sees where it runs and whether it is healthy, across every cluster.

ARCHITECTURE.md walks the one road of the data through the packages below.
"""

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("callboard")
except PackageNotFoundError:  # a bare checkout on sys.path, not installed
    __version__ = "0+unknown"

__all__ = ["__version__"]
