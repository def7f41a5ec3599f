"""How a stand-in API server misbehaves, switchable while it runs.

Rules name a mode and a path; `delivery` carries them out between the honest answer and the wire. The store never knows.
"""
