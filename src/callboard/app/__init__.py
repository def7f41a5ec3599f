"""The composition root: settings in, plugins loaded, a wired and running application out.

The only room that knows all others. It decides nothing about services or clusters; it must hold no logic that another
room could hold. Nobody imports it; `callboard.app.main:main` is the command's entry point.
"""
