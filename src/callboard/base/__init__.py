"""The ground floor: errors, secrets, clock, YAML, settings, structured-concurrency helpers.

It knows nothing of Kubernetes, Backstage or HTTP, but for the keys of their configuration (`settings`). It must never import
another room. Every room may call it.
"""
