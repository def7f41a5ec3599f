"""Container logs: lines that are safe to show, read for whoever may read them; and of crashes, the line that tells and which are
alike.

It must never decide who may read a log (`asking` asks), or whether a container has crashed (`diagnosis` does). What it keeps
of crashes is bounded, and never anything that a user's own token read. Callers: `asking`.
"""
