"""The road: open a service, list services, look at one object, read a log. The faces call this room and nothing behind it.

It joins catalog, fleet, access, diagnosis and history, and arranges what they say into the view structs of `views`.
It must never render, never speak HTTP, and never show anything that `access.visible` has not passed. Callers: `web`,
`api`, `cli`; and `app`, which puts it together.

What faces import: `protocol` (what a portal can do), `views` (what it gives), `words`, `documents` (JSON), `operations` (the
operator's tools), `offline`. Behind it, from the top down, each importing only what stands lower:

    portal, operations,     the objects that the faces and extensions hold
    questions
    listing                the list of services, and what the catalog says about one
    asking, health         one service's objects for one caller; the health of all services
    offline, documents     the same view from files; views as JSON
    arranging, logs        a visible snapshot becomes views; container logs, and what they tell of crashes
    protocol, words, views
"""
