"""What keeps an open page current: one stream for all tabs of a browser, and on it only what each has not got yet.

A *topic* is something a page can be kept current with (`topics`). It gives views as they come and draws the newest into a
*frame*: rendered elements, each with a tag that stands for its content (`fragments`). The stream (`stream`) compares the
tags with those the reader holds and sends the rest. It must never queue: of what a slow reader has not taken, only the
newest is kept. Only `pages` and `application` may call it.
"""
