"""The replay: a fleet of a quarter of a million pods, served as fast as one core can send bytes.

Everything is built once, as the bytes that go out, so that a benchmark measures its client and not the server: lists are
pieces laid end to end, a change is a splice of a few fields. It has no controllers, no RBAC and no chaos, and writes nothing
but what its own clock changes; what needs those uses the simulator. Of `callboard` it must import nothing but
`base` and the simulator. Benchmarks run it as a process of its own (`python -m bench.replay`), tests may start it in theirs.
"""

from bench.replay.cluster import ReplayCluster
from bench.replay.server import Replay

__all__ = ["Replay", "ReplayCluster"]
