"""One stand-in API server: its store, its controllers, its TLS socket, its misbehaviour."""

import asyncio
import ssl
from collections.abc import Mapping

import msgspec
from aiohttp import web

from callboard.base.errors import UsageError
from callboard.simulator.chaos.rules import Chaos
from callboard.simulator.controllers import build_controllers
from callboard.simulator.controllers.behaviour import Behaviours
from callboard.simulator.controllers.engine import Engine, World
from callboard.simulator.controllers.logbook import ContainerRun
from callboard.simulator.machinery.events import Recorder
from callboard.simulator.machinery.naming import Naming
from callboard.simulator.machinery.resources import TypeRegistry
from callboard.simulator.machinery.store import ObjectStore
from callboard.simulator.machinery.times import Timeline
from callboard.simulator.machinery.tree import Tree
from callboard.simulator.scenarios.schema import ClusterSpec
from callboard.simulator.serving.accounts import AccountTokens
from callboard.simulator.serving.certificates import Authority, KeyPair, server_context, use_certificate
from callboard.simulator.serving.counters import Counters
from callboard.simulator.serving.handler import Handler
from callboard.simulator.serving.identity import Tokens
from callboard.simulator.serving.listener import Listener
from callboard.simulator.serving.rbac import Authorizer

__all__ = ["ROLES_READ", "Identities", "SimulatedCluster"]

ROLES_READ = 0.03
"""Seconds after which an API server that listens again has read its roles, as measured on a real one (20 to 40 ms)."""


class Identities(msgspec.Struct, frozen=True):
    """Bearer tokens of the users every cluster has. Never shown by repr."""

    admin: str
    viewer: str
    namespaced: str
    nobody: str

    def __repr__(self) -> str:
        return "Identities(***)"


class SimulatedCluster:
    """A cluster tests can hold: `name`, `url`, `ca_pem`, `identities`, `store`, `behaviours`, `chaos`, `counters`.

    Everything about it can be changed while it runs. `bookmark_seconds` and `watch_seconds` are wall-clock seconds.
    """

    def __init__(
        self,
        spec: ClusterSpec,
        *,
        seed: str,
        timeline: Timeline,
        start: float,
        authority: Authority,
        history: int,
    ) -> None:
        self.spec = spec
        self.name = spec.name
        self.ca_pem = authority.pem
        self.authority = authority
        self.minor = spec.minor
        self.streaming_lists = spec.streaming_lists
        self.aggregated_discovery = True
        self.bookmark_seconds = 60.0
        self.watch_seconds = 2400.0
        self.naming = Naming(f"{seed}/{spec.name}")
        self._audit = Naming(f"{seed}/{spec.name}/audit")
        self.engine = Engine(timeline, start)
        self.registry = TypeRegistry(metrics=spec.metrics)
        self.store = ObjectStore(self.registry, self.naming, self.engine.now, keep=history)
        self.behaviours = Behaviours()
        self.chaos = Chaos()
        self.counters = Counters()
        self.accounts = AccountTokens(
            self.store, Naming(f"{seed}/{spec.name}/accounts"), self.now, authority.pem
        )
        self.tokens = Tokens(self.accounts.user)
        self.authorizer = Authorizer(self.store)
        world = World(self.store, self.engine, Recorder(self.store, self.engine.at))
        self.kubelet, self.metrics = build_controllers(world, self.behaviours)
        self.identities = self._identities()
        self.url = ""
        self._runner: web.ServerRunner | None = None
        self._server: Listener | None = None
        self._context: ssl.SSLContext | None = None
        self._pair: KeyPair | None = None
        self.chaos.on_certificate = self._certificate

    def now(self) -> float:
        """The cluster's time, seconds since the epoch."""
        return self.engine.timeline.now()

    def audit_id(self) -> str:
        return self._audit.uid()

    def log_run(self, pod: Tree, container: str, previous: bool) -> ContainerRun | None:
        return self.kubelet.log_run(pod, container, previous)

    @property
    def open_connections(self) -> int:
        return len(self._server.connections) if self._server is not None else 0

    async def serve(self, pair: KeyPair, port: int = 0) -> None:
        """Listen on 127.0.0.1; port 0 picks a free one. Raises UsageError where it is taken. Where it has listened before, it
        has not read its roles yet, for as long as a real one takes."""
        self.authorizer.unread = bool(self.url)
        self._pair = pair
        self._context = server_context(pair, self.ca_pem)
        self._server = Listener(Handler(self), self.counters)
        self._runner = web.ServerRunner(self._server, shutdown_timeout=0.05)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", port, ssl_context=self._context, backlog=512)
        try:
            await site.start()
        except OSError as error:
            await self.close()
            raise UsageError(
                f"{self.name} cannot listen on 127.0.0.1:{port}: {error.strerror or error}"
            ) from error
        self.url = f"https://127.0.0.1:{self._runner.addresses[0][1]}"
        asyncio.get_running_loop().call_later(ROLES_READ, self._roles_read)

    def _roles_read(self) -> None:
        self.authorizer.unread = False

    async def close(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    def bind(self, user: str, role: str, *namespaces: str, name: str = "", kind: str = "User") -> None:
        """Bind a ClusterRole to a user: in these namespaces, or in the whole cluster when none is named."""
        reference = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": role}
        subjects = [{"kind": kind, "apiGroup": "rbac.authorization.k8s.io", "name": user}]
        body: Tree = {"metadata": {"name": name or user}, "roleRef": reference, "subjects": subjects}
        if not namespaces:
            self.store.create(body, "clusterrolebindings.rbac.authorization.k8s.io")
        for namespace in namespaces:
            self.store.create(
                {**body, "metadata": {"name": name or user, "namespace": namespace}},
                "rolebindings.rbac.authorization.k8s.io",
            )

    def user(self, name: str, *groups: str) -> str:
        """A new user without any rights; returns its bearer token."""
        token = self.naming.hex(40)
        self.tokens.add(token, name, *groups)
        return token

    def role(self, name: str, rules: list[Tree]) -> None:
        """A ClusterRole with these rules (`{"verbs": […], "apiGroups": […], "resources": […]}`)."""
        self.store.create(
            {"metadata": {"name": name}, "rules": rules}, "clusterroles.rbac.authorization.k8s.io"
        )

    def client_certificate(self, user: str, *groups: str) -> KeyPair:
        """A client certificate this cluster accepts as `user`."""
        return self.authority.client(user, *groups)

    def _identities(self) -> Identities:
        made: dict[str, str] = {}
        groups: Mapping[str, tuple[str, ...]] = {
            "admin": ("system:masters",),
            "viewer": ("viewers",),
            "namespaced": (),
            "nobody": (),
        }
        for number, (name, held) in enumerate(groups.items(), 1):
            made[name] = self.naming.hex(40)
            self.tokens.add(made[name], name, *held, uid=f"u{number}")
        return Identities(**made)

    def bind_identities(self, namespaces: list[str]) -> None:
        """`viewer` reads the whole cluster, `namespaced` these namespaces, `nobody` nothing."""
        self.bind("viewers", "view", name="viewers", kind="Group")
        if namespaces:
            self.bind("namespaced", "view", *namespaces)

    def _certificate(self, mode: str) -> None:
        if self._context is None or self._pair is None:
            return
        if mode == "certificate-expired":
            use_certificate(self._context, self.authority.server(expired=True))
        elif mode == "certificate-foreign":
            use_certificate(self._context, Authority("somebody-else").server())
        else:
            use_certificate(self._context, self._pair)
