"""Who is asking, what is visible to them, what they may do; and the audit of both.

It must never guess a caller: whoever cannot be named is anonymous, and whatever is not allowed is denied. It never
logs a token. `portal` and `app` may call it.
"""
