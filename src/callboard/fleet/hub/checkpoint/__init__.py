"""What the hub holds, on disk: so that a restart shows what was known at once, and goes on from there.

One file for each stream, written now and then (`checkpoints`), in blocks none of which is believed without the end of the
file (`form`), in a directory that nobody else may read or write (`files`). After a restart it is opened and read where
somebody asks (`reading`, `unread`, `places`), and taken in when nobody waits. It must never hold a Secret, not even its
name, nor anything that a caller's own token read, and never be believed where somebody else could have written it. The hub
uses it; nobody else does.
"""
