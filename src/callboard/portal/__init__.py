"""The road: open a service, list services, look at one object, read a log. The faces call this room and nothing behind it.

It joins catalog, fleet, access, diagnosis and history, and arranges what they say into the view structs of `views`.
It must never render, never speak HTTP, and never show anything that `access.visible` has not passed. Callers: `web`,
`api`, `cli`.
"""
