"""Services beside Callboard: declared in the configuration, asked with a token that says who asks, answering with data.

It must never hand on a cookie, a token or a header of whoever asks, follow a redirect, wait without a deadline, or take what a
service answers for markup or for more than plain data. Only `app` makes them; what they offer are routes and tabs like any
extension's.
"""
