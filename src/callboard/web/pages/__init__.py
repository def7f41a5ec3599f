"""One file a page: it reads the request, calls the portal, and hands a struct to a template.

A page must never decide who may come in (the door did), reach behind the portal, or build markup. Only `application` may
call it.
"""
