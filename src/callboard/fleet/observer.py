"""What the fan-out tells whoever counts. The composition root binds it to the metrics."""

from typing import Protocol

from callboard.model.outcome import Failure, Outcome
from callboard.model.snapshot import ClusterState

__all__ = ["Observer", "Unobserved"]


class Observer(Protocol):
    """Told of what happened, at once and on the event loop: it must be quick and must not raise.

    `cluster` is a cluster's name; nothing here names an entity, an object or a credential.
    """

    def asked(self, cluster: str, outcome: Outcome) -> None:
        """One question was answered, or was not."""
        ...

    def settled(self, cluster: str, state: ClusterState, seconds: float) -> None:
        """One cluster's selection has been asked to the end; `seconds` is how long it took."""
        ...

    def breaker(self, cluster: str, open_: bool) -> None:
        """A cluster is left alone from now on, or asked again."""
        ...

    def taken(self, cluster: str, changes: int, seconds: float) -> None:
        """The hub has taken in what a watch brought at once: `seconds` from having been read to being indexed and told."""
        ...

    def checked(self, cluster: str, failure: Failure | None) -> None:
        """A cluster of which the hub had heard nothing for a while was asked whether it is there."""
        ...


class Unobserved:
    """Nobody counts."""

    def asked(self, cluster: str, outcome: Outcome) -> None:
        """Nothing."""

    def settled(self, cluster: str, state: ClusterState, seconds: float) -> None:
        """Nothing."""

    def breaker(self, cluster: str, open_: bool) -> None:
        """Nothing."""

    def taken(self, cluster: str, changes: int, seconds: float) -> None:
        """Nothing."""

    def checked(self, cluster: str, failure: Failure | None) -> None:
        """Nothing."""
