"""Fixtures of the tests of the pages."""

from support.browser import open_page

__all__ = ["open_page"]
