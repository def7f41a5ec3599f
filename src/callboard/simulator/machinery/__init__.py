"""The storage half of a stand-in API server: resource types, a versioned store, selectors, patches, defaults, validation.

It never opens a socket and knows no scenario: trees in, trees out, `ApiRefusal` for what an API server would refuse.
`serving` and `controllers` call it.
"""
