"""From a cluster's bytes to objects: taken apart, redacted, typed, and packed where they are kept.

It must never let a Secret's values, last-applied copies or managedFields through, and never give up an answer for one object
that cannot be read. `reads` and `watching` call it, and whoever reads objects from text.
"""
