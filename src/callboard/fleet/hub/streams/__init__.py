"""One stream at a time: everything that one question brings at one cluster, kept current by a watch or by asking again.

`stream` is the state machine; `budget` says when it may ask, `reach` and `pulse` whether the cluster is there at all, `refusals`
when what was refused is asked for again; `watching` is the way out to `kube`. It must never hold what a caller's own token
read. `hub.hub` makes streams and ends them.
"""
