"""The composition root: settings in, plugins loaded, a wired application out.

It must never hold a rule of the subject: it chooses, connects, starts and stops. Nothing may import it; the command
`callboard` starts here.
"""
