"""The page of extensions: what there is, how it does, switched off and on, and routes that are written there.

Each method asks first whether the caller may, and keeps on record what it changes before it is changed. It must never change what
the configuration has fixed, and knows extensions by what `app` tells of them. Callers: `web`; `app` makes it.
"""
