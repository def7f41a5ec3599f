"""`python -m callboard.app.references DIRECTORY` writes every page into DIRECTORY."""

import sys
from pathlib import Path

from callboard.app.references import pages

if len(sys.argv) != 2:
    sys.exit("usage: python -m callboard.app.references DIRECTORY")
directory = Path(sys.argv[1])
directory.mkdir(parents=True, exist_ok=True)
for name, text in pages().items():
    (directory / name).parent.mkdir(parents=True, exist_ok=True)
    (directory / name).write_text(text, encoding="utf-8")
