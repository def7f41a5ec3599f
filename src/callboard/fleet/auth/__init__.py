"""Auth strategies: as whom a cluster is asked, for this caller.

A strategy must never put a token into an identity, an error or a log, and must notice by itself that a token was renewed.
"""
