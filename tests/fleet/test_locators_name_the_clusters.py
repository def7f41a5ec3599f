"""On which clusters an entity may run."""

import msgspec

from callboard.extend import Entity, Relation
from callboard.fleet.locators.catalog_relation import CatalogRelation
from callboard.fleet.locators.multi_tenant import MultiTenant
from callboard.fleet.locators.single_tenant import SingleTenant
from support.fake_fleet import CALLER, cluster, entity

FLEET = [cluster("eu-1"), cluster("us-1"), cluster("AP-1")]


def depending(*targets: str) -> Entity:
    return msgspec.structs.replace(entity(), relations=tuple(Relation("dependsOn", t) for t in targets))


async def test_multi_tenant_is_every_cluster_whatever_the_annotation_says() -> None:
    located = await MultiTenant().locate(entity(cluster="us-1"), FLEET, CALLER)
    assert [c.name for c in located.clusters] == ["eu-1", "us-1", "AP-1"]
    assert located.notices == ()


async def test_single_tenant_takes_several_names_in_the_fleets_order() -> None:
    located = await SingleTenant().locate(entity(cluster=" us-1 ,eu-1,, us-1"), FLEET, CALLER)
    assert [c.name for c in located.clusters] == ["eu-1", "us-1"]
    assert located.notices == ()


async def test_single_tenant_without_the_annotation_is_every_cluster() -> None:
    assert len((await SingleTenant().locate(entity(cluster="  "), FLEET, CALLER)).clusters) == 3


async def test_single_tenant_tells_every_name_that_is_no_cluster_with_the_nearest() -> None:
    located = await SingleTenant().locate(entity(cluster="eu-1,us-2,ap-1"), FLEET, CALLER)
    assert [c.name for c in located.clusters] == ["eu-1"]
    assert [n.code for n in located.notices] == ["unknown-cluster"] * 2
    assert "'us-2'" in located.notices[0].message
    assert "did you mean us-1?" in located.notices[0].message
    assert "did you mean AP-1?" in located.notices[1].message


async def test_single_tenant_with_only_unknown_names_asks_nobody() -> None:
    located = await SingleTenant().locate(entity(cluster="mars"), FLEET, CALLER)
    assert located.clusters == ()
    assert len(located.notices) == 1


async def test_catalog_relation_finds_a_resource_in_any_namespace_and_whatever_the_case() -> None:
    located = await CatalogRelation().locate(
        depending("resource:default/eu-1", "resource:platform/ap-1", "resource:default/some-database"),
        FLEET,
        CALLER,
    )
    assert [c.name for c in located.clusters] == ["eu-1", "AP-1"]
    assert located.notices == ()


async def test_catalog_relation_reads_resources_and_dependencies_only() -> None:
    other = msgspec.structs.replace(
        entity(),
        relations=(
            Relation("dependsOn", "component:default/eu-1"),
            Relation("partOf", "resource:default/us-1"),
        ),
    )
    located = await CatalogRelation().locate(other, FLEET, CALLER)
    assert located.clusters == ()
    assert [n.code for n in located.notices] == ["no-cluster-related"]


async def test_catalog_relation_tells_clusters_whose_names_differ_in_case_alone() -> None:
    located = await CatalogRelation().locate(
        depending("resource:default/eu-1"), [*FLEET, cluster("EU-1")], CALLER
    )
    assert [c.name for c in located.clusters] == ["eu-1", "EU-1"]
    assert [n.code for n in located.notices] == ["ambiguous-cluster"]
