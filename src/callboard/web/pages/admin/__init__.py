"""`/admin`: the pages of whoever looks after Callboard, in one frame that leads from each to the others.

A page must never decide who may see it: `portal` does, whatever the frame offers. A further page is a line of `frame.SECTIONS`
and a route of the site map. Only `application` may call it.
"""
