"""The HTTP half of a stand-in API server: who asks, may they, what they asked, and the answer's bytes.

It keeps no state of its own beyond counters and open streams; everything it shows comes from the store. `cluster` calls it.
"""
