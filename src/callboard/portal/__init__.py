"""The road: list services, open a service, subscribe. The only room that knows all five below it.

It must never render, speak HTTP to a browser, or answer without a Caller; what a caller may not see is gone before
anything is counted, diagnosed or drawn. `web`, `api`, `cli` and `app` may call it.
"""
