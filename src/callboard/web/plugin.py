"""Callboard's own tabs and cards, registered through the hooks that extensions use."""

from collections.abc import Sequence

from callboard.extend.hooks import hookimpl
from callboard.extend.pages import Card, Tab
from callboard.portal.protocol import Portal
from callboard.web.kubernetes_tab import KubernetesTab
from callboard.web.overview import OverviewTab, cards
from callboard.web.team import TeamTab

__all__ = ["Pages"]


class Pages:
    """A pluggy plugin: the tabs Services (of a team), Overview and Kubernetes, and the cards Kubernetes, About, Relations, Links
    and Annotations."""

    def __init__(self, portal: Portal) -> None:
        self._portal = portal
        self._kubernetes = KubernetesTab(portal)  # one for good: it knows the views that are looked at

    @hookimpl
    def callboard_tabs(self) -> Sequence[Tab]:
        """Ours: a team's services, Overview, Kubernetes."""
        return (TeamTab(self._portal).tab(), OverviewTab(self._portal).tab(), self._kubernetes.tab())

    @hookimpl
    def callboard_cards(self) -> Sequence[Card]:
        """Ours, in hundreds."""
        return (self._kubernetes.card(), *cards(self._portal))
