"""What to ask for an entity."""

import msgspec

from callboard.model.outcome import Purpose, Question
from callboard.model.resource import ResourceType
from callboard.model.selector import LabelSelector

__all__ = ["Selection"]


class Selection(msgspec.Struct, frozen=True):
    """Resource types, namespaces and a label selector, for one cluster.

    No namespaces means all of them. With namespaces, types that are known to be cluster-scoped are never asked for; a type
    whose scope only discovery can tell (`namespaced` None) is asked once that is known to be namespaced. `usage`: what the
    pods use is asked for too, as a reference.
    """

    types: tuple[ResourceType, ...]
    selector: LabelSelector
    namespaces: tuple[str, ...] = ()
    usage: bool = False

    def questions(self) -> tuple[Question, ...]:
        """One list request per type and namespace, in the order of the types."""
        text = str(self.selector)
        return tuple(
            Question(type=t, namespace=ns, label_selector=text, purpose=Purpose.SELECTION)
            for t in self.types
            if not (self.namespaces and t.namespaced is False)
            for ns in (self.namespaces or ("",))
        )
