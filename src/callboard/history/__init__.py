"""What outlives objects and processes: first seen, gone, changes of revision; bounded.

It must never keep a Secret's values, a log line or anything a user's own token read, and never grow without bound.
`portal` and `app` may call it.
"""
