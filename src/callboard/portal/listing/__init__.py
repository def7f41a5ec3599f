"""The list of services with their health, and what the catalog says about one of them.

It must never say of a service what this caller may not see, nor hold a page back for a health. Callers: `portal.portal`, and
`app`, which wires it.
"""
