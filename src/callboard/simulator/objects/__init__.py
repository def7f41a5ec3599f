"""Manifests: what somebody would `kubectl apply` for the services and nodes of a scenario. Pure; the controllers do the rest."""
