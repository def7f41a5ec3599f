"""Shared list+watch streams behind a port of values: the objects provider named `hub`, which makes pages live.

It must never share what a caller's own token read, hand out an object that can still change, queue without bound, or let a
page scan what it holds. `fleet.plugin` registers its provider; `app` owns the one `Hub` of a process and enters it.

From the top down, each importing only what stands lower:

    provider        one reader's snapshots of one service
    following       all services: what each change touches
    live_selection  one selection on one cluster, composed once however many read it
    composition     its snapshot, made anew where something has changed
    answers         what is known for its questions, and what follows from that
    figures         the hub in numbers
    hub             which stream answers a question, who reads it, when it ends
    streams         one list+watch, or one poll, within a budget
    checkpoint      what streams hold, on disk
    holdings        the objects of a stream; selector → objects, selector → readers
    scope, port     which stream can answer a question; the values that go in and out
"""
