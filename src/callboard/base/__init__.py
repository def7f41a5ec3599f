"""The ground floor: errors, secrets, clock, YAML, settings, structured-concurrency helpers.

It knows nothing of Kubernetes, Backstage or HTTP. It must never import another room. Every room may call it.
"""
