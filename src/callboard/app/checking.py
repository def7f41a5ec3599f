"""A configuration wired as the server wires it, extensions included, and taken apart again: what is wrong with it."""

import asyncio
import os
import re
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path
from typing import Final, cast

from callboard.access.policies.keeping import read_policies
from callboard.app.checked_sign_in import check_sign_in
from callboard.app.configuration import extension_folder, read_configuration
from callboard.app.extension_words import in_words
from callboard.app.installed import installed
from callboard.app.listening import Listens, settings_for
from callboard.app.managing import declared_of
from callboard.app.plugins import Plugins, asked
from callboard.app.policies import engine_of
from callboard.app.rules import rules_of
from callboard.app.services import identity_tokens_of, services_of
from callboard.base.clock import SystemClock
from callboard.base.config import LoadedConfig
from callboard.base.errors import BadInput, BadInputs, CallboardError, Problem, Unavailable
from callboard.cli.wiring import WiredCheck
from callboard.fleet.plugin import FleetPlugin
from callboard.fleet.wiring.registry import Registry
from callboard.fleet.wiring.wiring import wire
from callboard.host.beside.services import ServicesBeside
from callboard.host.contexts import Contexts
from callboard.host.expressions.pool import ExpressionPool
from callboard.kube.connection.connection import Connections
from callboard.kube.connection.request import in_the_open
from callboard.kube.connection.tls import tls_context
from callboard.kube.failure import AnswerRefused
from callboard.kube.limits import Limits
from callboard.kube.reads.fetcher import DirectFetcher
from callboard.kube.reads.proxy import DirectProxy
from callboard.model.caller import Caller
from callboard.model.cluster import Cluster, Credential, CredentialKind
from callboard.model.entity import Entity, EntityRef
from callboard.model.notice import NoticeCode
from callboard.outbound import Outbound
from callboard.portal.protocol import Portal
from callboard.web.plugin import Pages
from callboard.web.rendering import template_problem

__all__ = ["NoEntities", "WrongThings", "wired_check"]

_PROBLEMS = frozenset({NoticeCode.CLUSTER_CREDENTIAL, NoticeCode.EXTENSION_PROBLEM})
"""What is no gap, and yet wrong."""


_NOT_ASKED: Final = "Nothing is asked while a configuration is checked."
"""Why what stands behind an address cannot be looked at; that is no fault of the configuration."""
_NOBODY = Credential(kind=CredentialKind.ANONYMOUS, identity="")


def _no_way_out() -> Outbound:
    raise Unavailable(_NOT_ASKED)


class NoEntities:
    """A catalog of nothing."""

    async def entity(self, ref: EntityRef, caller: Caller) -> Entity | None:
        return None


class WrongThings:
    """What is wrong, of everything that is made: each thing in a block of its own, and the next one all the same."""

    def __init__(self, loaded: LoadedConfig) -> None:
        self._loaded = loaded
        self.found: list[str] = []

    def __enter__(self) -> None:
        """Something is made."""

    def __exit__(self, _: object, error: BaseException | None, __: object) -> bool:
        if isinstance(error, BadInputs):
            self.found += map(self._placed, error.problems)
        elif isinstance(error, BadInput):
            self.found.append(self._placed(error.problem))
        elif isinstance(error, CallboardError):
            self.found.append(error.message)
        return isinstance(error, CallboardError)

    def _placed(self, problem: Problem) -> str:
        """With the file and line in which the setting stands."""
        if problem.line is not None or not (path := _path_of(problem.where)):
            return str(problem)
        origin = self._loaded.places.origin(path) if self._loaded.places else None
        if origin is None:
            return str(problem)
        inner = ": ".join(filter(None, (problem.where, problem.path)))
        return str(replace(problem, where=str(origin), path=inner))


def _path_of(where: str) -> tuple[str | int, ...]:
    """A setting as its path; nothing for what is none."""
    parts = re.findall(r"[^.\[\]]+", where)
    if not parts or parts[0] not in ("auth", "backend", "callboard", "catalog", "kubernetes"):
        return ()
    return tuple(int(part) if part.isdigit() else part for part in parts)


def _not_to_be_reached(clusters: Sequence[Cluster]) -> list[str]:
    """What says of a cluster already now that it cannot be asked."""
    found: list[str] = []
    for cluster in clusters:
        where = f"{cluster.source}: cluster {cluster.name!r}:"
        try:
            tls_context(cluster.trust, _NOBODY)
        except AnswerRefused as refused:
            found.append(f"{where} {refused.failure.message}")
        if cluster.auth_provider == "serviceAccount" and in_the_open(cluster.url):
            found.append(f"{where} its URL is plain http, over which Callboard sends no credential")
    return found


async def wired_check(configs: Sequence[Path], directory: Path) -> WiredCheck:
    """Make every part that the configuration names, and ask the sources of clusters once. No cluster is asked, nothing is
    written. Never raises for what is wrong."""
    try:
        configuration = read_configuration(configs, os.environ, directory)
    except BadInputs:
        return WiredCheck()  # its keys say so
    settings = settings_for(configuration.settings, Listens.NOTHING)
    wrong = WrongThings(configuration.loaded)
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
                *await asyncio.to_thread(installed, contexts, folder=extension_folder(configuration)),
            ),
            template_problem=template_problem,
            contexts=contexts,
            sections=settings.callboard.extensions.settings,
        )
        with wrong:
            await read_policies(settings.callboard.access.policies, configuration.directory)
        with wrong:
            engine_of(
                settings.callboard.access.policies,
                plugins.offered("callboard_decide"),
                clock=clock,
                catalog=NoEntities(),
                directory=configuration.directory,
            )
        with wrong:
            check_sign_in(settings, plugins, clock, str(configuration.directory))
        with wrong:
            rules_of(settings)
        async with aclosing(ExpressionPool()) as expressions:
            with wrong:
                await declared_of(settings, (), expressions)
        with wrong:
            services_of(
                settings, ServicesBeside(identity_tokens_of(settings, clock), lambda: None), plugins.names
            )
        fleet = None
        with wrong:
            fleet = await asyncio.to_thread(
                wire,
                Registry.of(plugins),
                settings,
                clock=clock,
                entities=NoEntities(),
                base_dir=str(configuration.directory),
            )
        if fleet is None:
            extensions = in_words(plugins.extensions, plugins.problems)
            return WiredCheck(problems=(*plugins.problems, *wrong.found), extensions=extensions)
        try:
            notices = await fleet.check(Caller.callboard())
            known = await fleet.parts.clusters.clusters(Caller.callboard())
            wrong.found += await asyncio.to_thread(_not_to_be_reached, known)
        finally:
            await fleet.close()
    problems = tuple(
        n.message for n in notices if (n.gap or n.code in _PROBLEMS) and _NOT_ASKED not in n.message
    )
    warnings = tuple(n.message for n in notices if n.message not in problems)
    extensions = in_words(plugins.extensions, fleet.problems)
    return WiredCheck(problems=(*wrong.found, *problems), warnings=warnings, extensions=extensions)
