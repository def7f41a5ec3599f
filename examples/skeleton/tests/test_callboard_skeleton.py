"""The tab and the route, over a simulated cluster, as everybody sees them."""

import callboard_skeleton as extension
from callboard.extend.testing import Visitor, extension_alone, simulated_clusters
from callboard_skeleton.pods import Pods

SERVICE = "component:default/dice-roller"
ROUTE = "/api/ext/skeleton/pods/default/component/dice-roller"


async def test_the_tab_and_the_route_tell_of_the_pods() -> None:
    async with (
        simulated_clusters("eu") as clusters,
        extension_alone("skeleton", extension, clusters=clusters, settings={"mostPods": 20}) as alone,
    ):
        assert alone.problems == ()
        pods = (await alone.get(ROUTE)).json(Pods)
        assert pods.complete
        assert pods.names
        tab = await alone.tab(SERVICE, "skeleton")
        assert all(name in tab for name in pods.names)
        assert await alone.by_everyone(ROUTE) == {
            Visitor.ME: 200,
            Visitor.READER: 200,
            Visitor.STRANGER: 403,
            Visitor.ANONYMOUS: 401,
        }


async def test_more_than_are_wanted_are_told() -> None:
    async with (
        simulated_clusters("eu") as clusters,
        extension_alone("skeleton", extension, clusters=clusters, settings={"mostPods": 1}) as alone,
    ):
        assert "Not all pods are shown." in await alone.tab(SERVICE, "skeleton")
