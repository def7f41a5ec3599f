"""Skeleton, an extension of Callboard: what it adds."""

from collections.abc import Sequence

from callboard.extend import Action, ExtensionRoute, Tab, hookimpl
from callboard_skeleton.pods import Pods, Settings, pods_of, pods_tab

CALLBOARD_API = "1.2"


@hookimpl
def callboard_settings() -> type[Settings]:
    """`callboard.extensions.settings.skeleton`."""
    return Settings


@hookimpl
def callboard_tabs() -> Sequence[Tab]:
    """A tab on the page of whatever runs on Kubernetes."""
    return [
        Tab(
            key="skeleton",
            title="Skeleton",
            template="callboard_skeleton:templates/pods.html",
            view=pods_tab,
            applies=lambda entity: entity.runs_on_kubernetes,
        )
    ]


@hookimpl
def callboard_routes() -> Sequence[ExtensionRoute]:
    """`/api/ext/skeleton/pods/NAMESPACE/KIND/NAME`."""
    return [
        ExtensionRoute(
            path="/pods/{entity}",
            title="The pods of a service",
            permission=Action.RESOURCES_READ,
            answer=Pods,
            handler=pods_of,
        )
    ]
