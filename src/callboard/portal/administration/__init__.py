"""What whoever looks after Callboard reads and does: the record of who did what, policies, and who may come in.

Each of its methods asks first whether the caller may, and keeps on record what it changes before it is changed. It must never
give a token a second time, a secret of the configuration, or more rows than a page. Callers: `portal`; `app` makes it.
"""
