"""Documents point at what stands: files, pictures, make targets."""

import re
from pathlib import Path

import pytest

from support.checkout import ROOT, tracked_files

DOCUMENTS = [path for path in tracked_files() if path.suffix == ".md"]
LINK = re.compile(r"!?\[[^\]]*\]\((?!https?://|mailto:|#)([^)#\s]+)[^)]*\)")
PICTURE = re.compile(r'\bsrc(?:set)?="([^"]+)"')
MAKE = re.compile(r"^\s*\$?\s*make ([a-z]+)(?=\s*(?:$|#|[A-Z_]+=))|`make ([a-z]+)", re.MULTILINE)


def test_there_are_documents() -> None:
    assert {Path("README.md"), Path("CONTRIBUTING.md"), Path("SECURITY.md")} <= set(DOCUMENTS)


@pytest.mark.parametrize("document", DOCUMENTS, ids=str)
def test_a_link_leads_to_a_tracked_file(document: Path) -> None:
    tracked = set(tracked_files())
    tracked |= {parent for path in tracked for parent in path.parents}
    text = re.sub(r"```.*?```", "", (ROOT / document).read_text(), flags=re.DOTALL)
    targets = {
        (ROOT / document.parent / target).resolve().relative_to(ROOT)
        for target in LINK.findall(text) + PICTURE.findall(text)
    }
    assert targets - tracked == set()


def test_a_make_target_that_a_document_names_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = {
        (str(document), first or second)
        for document in DOCUMENTS
        for first, second in MAKE.findall((ROOT / document).read_text())
    }
    assert {target for _, target in named} >= {"demo", "test"}
    assert {(document, target) for document, target in named if target not in targets} == set()
