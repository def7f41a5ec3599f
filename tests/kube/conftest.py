"""Fixtures of this room's tests."""

from support.kube_client import connection, connections, stand_in

__all__ = ["connection", "connections", "stand_in"]
