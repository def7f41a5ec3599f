"""Reads Backstage's `app-config.yaml` files into `callboard.base.settings`, and says what became of every key.

The road: `source` reads a file and follows `${VAR}`, `$env`, `$file` and `$include`; `tree` merges files, each value keeping
where it came from; `fill` makes the structs, all problems at once; `known` tells a key of Backstage's that is not used here
from one that nobody knows; `rules` checks what one key alone cannot tell; `load` puts it together; `watch` tells when a file
changed. It must never show a value that came from the environment or another file, nor one at a key known to be secret,
and never talk to a cluster. The composition root loads and watches; the command line reports; catalog and fleet may watch.
"""

from callboard.base.config.in_force import SettingLine, settings_in_force
from callboard.base.config.load import Checked, LoadedConfig, check, load
from callboard.base.config.report import KeyOutcome, Level, Row
from callboard.base.config.tree import Origin
from callboard.base.config.watch import FileStamp, stamp, watch

__all__ = [
    "Checked",
    "FileStamp",
    "KeyOutcome",
    "Level",
    "LoadedConfig",
    "Origin",
    "Row",
    "SettingLine",
    "check",
    "load",
    "settings_in_force",
    "stamp",
    "watch",
]
