"""The simulator's replay mode: a fleet of a quarter of a million pods, served as fast as one core can send bytes.

Everything is built once, as the bytes that go out, so that a benchmark measures its client and not the server: lists are
pieces laid end to end, a change is a splice of a few fields. It has no controllers, no RBAC and no chaos, and writes nothing
but what its own clock changes; what needs those uses the live simulator beside it. It must never import another room
but `base`. Benchmarks run it as a process of its own (`python -m callboard.simulator.replay`), tests may start it in theirs.
"""

from callboard.simulator.replay.cluster import ReplayCluster
from callboard.simulator.replay.server import Replay

__all__ = ["Replay", "ReplayCluster"]
