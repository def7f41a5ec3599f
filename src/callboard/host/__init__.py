"""What runs the code and declarations of extensions: the context each call is lent, their routes behind fences, what they cost.

It must never speak HTTP, render, or hand out anything that leads to a credential: what an extension holds is a number that
opens something for as long as a call lasts. Callers: `web` and `api`, which put
routes and pages on the site, and `app`, which wires it.
"""
