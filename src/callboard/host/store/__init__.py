"""Where `host` keeps what was decided on the page of extensions: which are switched off, and routes that were written there. It
must never hold code. Only `host` calls it.
"""

from callboard.host.store.kept import CHAIN, KeptRoute, KeptStore, KeptSwitch

__all__ = ["CHAIN", "KeptRoute", "KeptStore", "KeptSwitch"]
