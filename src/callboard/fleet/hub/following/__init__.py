"""All services at once: the streams that their healths need are kept, and each change is told by the services it touches.

`following` follows all clusters, `followed` one of them; `services` finds services by labels, `held` reads what a verdict needs.
It must never ask a cluster because a service is judged. `hub.provider` hands it to whoever follows.
"""
