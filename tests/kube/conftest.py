"""Fixtures of this room's tests."""

from support.kube_client import connection, connections, limits, stand_in

__all__ = ["connection", "connections", "limits", "stand_in"]
