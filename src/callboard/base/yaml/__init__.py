"""YAML 1.2 as Backstage reads it, with the line of every value.

`on`, `no`, `2024-01-01` and `1:30` are strings, `012` is 12, `0o14` is 12, `<<` is a plain key, a key given twice is an
error, and what aliases may unfold to is bounded. The grammar is libyaml's (through PyYAML); the meaning of plain scalars is
the core schema of YAML 1.2.2, chapter 10.3. It must never build anything but plain values, open a file, or quote a
document's text in an error. `base.config` and the catalog call it; kubeconfig files are YAML 1.1 and do not come here.
"""

from callboard.base.yaml.document import Marks, Path, Value, YamlDocument, path_text
from callboard.base.yaml.reader import YamlLimits, iter_documents, read_document, read_documents
from callboard.base.yaml.scalar import key_text, resolve

__all__ = [
    "Marks",
    "Path",
    "Value",
    "YamlDocument",
    "YamlLimits",
    "iter_documents",
    "key_text",
    "path_text",
    "read_document",
    "read_documents",
    "resolve",
]
