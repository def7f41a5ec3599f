"""The objects provider named `hub`: one reader's snapshots of one service, as they change.

`provider` reads what is shared; `own_token` asks for a caller whose own token nobody may share; `elsewhere` notices that the
service now runs on other clusters. It must never share what a caller's own token read. `fleet.plugin` registers it.
"""
