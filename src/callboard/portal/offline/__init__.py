"""The same view without a server: objects read from the text that kubectl wrote.

Pure. It must never claim to know what the text does not hold, and must keep no Secret's values. Caller: `cli`.
"""
