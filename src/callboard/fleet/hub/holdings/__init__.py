"""What a stream holds: the objects, how far they can be trusted, and who is told of a change.

It must never hand out an object that can still change, nor find anything by scanning (`index`), nor hold more than its `room`.
`hub.streams` fills it; the checkpoint writes it down and reads it back.
"""
