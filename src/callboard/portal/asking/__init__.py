"""One service's objects for one caller: asked once for all who look, reduced to what the caller may see, then arranged.

The way inside: `kubernetes` (the service's page, its drawers and logs) → `feeds` (one running question for everybody who has
the same one) → `class_views` (arranged once for everybody who may see the same). It must never hand on a snapshot that
`access.visible` has not passed. Callers: `portal.portal` and `app`, which wires it.
"""
