"""Shared list+watch streams behind a port of values: the objects provider named `hub`, which makes pages live.

It must never share what a caller's own token read, hand out an object that can still change, queue without bound, or let a
page scan what it holds. `fleet.plugin` registers its provider; `app` owns the one `Hub` of a process and enters it.

The road inside: `provider` (one reader's snapshots) → `look` (one selection on one cluster, composed once however many
read it) → `port` (subscribe, then a snapshot and deltas) → `hub` (which stream answers a question: `scope`) → `stream`
(one list+watch, or one poll, within the `budget`) → `holdings` (the objects, and how far they can be trusted) → `index`
(selector → objects, selector → readers). `pulse` tells a cluster that is quiet from one that has frozen; `watching` is the way
out to `kube`.
"""
