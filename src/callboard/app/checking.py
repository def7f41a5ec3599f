"""A configuration wired as the server wires it, extensions included, and taken apart again: what is wrong with it."""

import asyncio
import os
from collections.abc import Sequence
from pathlib import Path
from typing import cast

from callboard.access.policies.keeping import read_policies
from callboard.app.configuration import read_configuration
from callboard.app.installed import installed
from callboard.app.listening import Listens, settings_for
from callboard.app.plugins import Plugins, asked
from callboard.app.policies import engine_of
from callboard.app.services import identity_tokens_of, services_of
from callboard.base.clock import SystemClock
from callboard.base.errors import BadInputs, CallboardError, Unavailable
from callboard.cli.wiring import WiredCheck
from callboard.fleet.plugin import FleetPlugin
from callboard.fleet.wiring.registry import Registry
from callboard.fleet.wiring.wiring import wire
from callboard.host.beside.services import ServicesBeside
from callboard.host.contexts import Contexts
from callboard.host.declared import declared_routes
from callboard.kube.connection.connection import Connections
from callboard.kube.limits import Limits
from callboard.kube.reads.fetcher import DirectFetcher
from callboard.kube.reads.proxy import DirectProxy
from callboard.model.caller import Caller
from callboard.model.entity import Entity, EntityRef
from callboard.model.notice import NoticeCode
from callboard.outbound import Outbound
from callboard.portal.protocol import Portal
from callboard.web.plugin import Pages
from callboard.web.rendering import template_problem

__all__ = ["wired_check"]

_PROBLEMS = frozenset({NoticeCode.CLUSTER_CREDENTIAL, NoticeCode.EXTENSION_PROBLEM})
"""What is no gap, and yet wrong."""


def _no_way_out() -> Outbound:
    raise Unavailable("Nothing is asked while a configuration is checked.")


class _NoEntities:
    async def entity(self, ref: EntityRef, caller: Caller) -> Entity | None:
        return None


async def wired_check(configs: Sequence[Path], directory: Path) -> WiredCheck:
    """Make every part that the configuration names, and ask the sources of clusters once. No cluster is asked, nothing is
    written. Never raises for what is wrong."""
    try:
        configuration = read_configuration(configs, os.environ, directory)
    except BadInputs:
        return WiredCheck()  # its keys say so
    settings = settings_for(configuration.settings, Listens.NOTHING)
    clusters, clock = settings.callboard.clusters, SystemClock()
    async with Connections(lambda name: Limits.of(clusters.limits_of(name)), clock=clock) as connections:
        ours = FleetPlugin(
            settings, fetcher=DirectFetcher(connections), proxy=DirectProxy(connections), clock=clock
        )
        contexts = Contexts(
            clock=clock,
            outbound=_no_way_out,
            questions=lambda: None,
            sections=settings.callboard.extensions.settings,
        )
        pages = Pages(cast(Portal, None))  # it is asked for nothing but what it offers
        plugins = Plugins(
            (
                asked("callboard.fleet", ours),
                asked("callboard.web", pages),
                *await asyncio.to_thread(installed, contexts),
            ),
            template_problem=template_problem,
            contexts=contexts,
        )
        try:
            await read_policies(settings.callboard.access.policies, configuration.directory)
            engine_of(
                settings.callboard.access.policies,
                plugins.offered("callboard_decide"),
                clock=clock,
                catalog=_NoEntities(),
                directory=configuration.directory,
            )
            declared_routes(settings.callboard.routes)
            services_of(
                settings, ServicesBeside(identity_tokens_of(settings, clock), lambda: None), plugins.names
            )
            fleet = await asyncio.to_thread(
                wire,
                Registry.of(plugins),
                settings,
                clock=clock,
                entities=_NoEntities(),
                base_dir=str(configuration.directory),
            )
        except BadInputs as error:
            return WiredCheck(problems=(*plugins.problems, *map(str, error.problems)))
        except CallboardError as error:
            return WiredCheck(problems=(*plugins.problems, error.message))
        try:
            notices = await fleet.check(Caller.callboard())
        finally:
            await fleet.close()
    wrong = tuple(n.message for n in notices if n.gap or n.code in _PROBLEMS)
    return WiredCheck(problems=wrong, warnings=tuple(n.message for n in notices if n.message not in wrong))
