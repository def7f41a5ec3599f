"""A list that goes on: what is there now, then every change, for as long as it is wanted.

`changes` are the values that come out; `watch` lists, watches, resumes, and lists anew after 410 Gone. It must never raise what
a cluster does wrong. The hub of `fleet` calls it.
"""
