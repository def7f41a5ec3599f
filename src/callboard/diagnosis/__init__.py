"""What the answers mean: readiness of objects, grouping under their owners, one verdict in one sentence.

Pure: structs of `model` in, structs of `model` out; no I/O, no clock, no cache. It must never see anything that
`access.visible` has not passed. Callers: `portal`, and whoever wants the same judgement offline.
"""
