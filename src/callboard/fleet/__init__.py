"""MANY clusters: suppliers, locators, auth strategies, selection, references, fan-out and freshness.

It must never let one cluster delay, empty or fail another's answer, share what one identity read with another, or
import `catalog`, `access`, `diagnosis` or `history`: what it needs of entities comes through a protocol of `extend`.
`portal` and `app` may call it.
"""
