"""The nouns: frozen structs that every other room passes along, and the pure rules that belong to one noun alone.

It must never do I/O, read a clock, hold a cache or import a third-party library other than msgspec. Every room above
`base` may import it. The words are those of Kubernetes and Backstage; `architecture` words (Caller, Outcome, Snapshot …)
are defined in ARCHITECTURE.md.
"""
