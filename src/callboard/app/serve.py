"""`callboard serve`: an application behind a door and a listener."""

import asyncio
import resource
import ssl
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path

import msgspec
import structlog

from callboard.access.door import FrontDoor
from callboard.access.sessions import Sessions
from callboard.access.sign_in.attempts import SignInAttempts
from callboard.access.sign_in.desk import FrontDesk
from callboard.access.store import SessionStore
from callboard.app.allocator import give_back_now_and_then
from callboard.app.application import Application
from callboard.app.collector import collector
from callboard.app.entrance import Announcement, Entrance, listen
from callboard.app.facing import may_face_people, policy_of, proxies_of, public_address, rates_of
from callboard.app.metrics import watch_loop
from callboard.app.notices import tell_who_sees_nothing
from callboard.app.sign_in import sealer_of
from callboard.app.signals import stop_signals
from callboard.app.site import whole_site
from callboard.app.threads import short_turns
from callboard.base.base_path import base_paths
from callboard.base.errors import BadInput, Problem
from callboard.base.settings import HttpsSettings
from callboard.http.limits import HttpLimits
from callboard.http.server import Server, is_loopback
from callboard.model.audit import AuditDeed, AuditOutcome
from callboard.model.caller import Caller
from callboard.model.door import Refused
from callboard.model.permission import Action, Resource, ResourceKind
from callboard.web.application import Operations, WebOptions

__all__ = ["Listening", "certificate_files", "serve"]

_log = structlog.get_logger(__name__)


class Listening(msgspec.Struct, frozen=True, kw_only=True):
    """Where to listen. `open` lets everyone on this machine in: for the demo's simulated fleet and nothing else."""

    host: str
    port: int
    open: bool = False


async def serve(app: Application, listening: Listening) -> None:
    """Serve until SIGTERM or SIGINT, then drain. Raises UsageError for a listener that is not allowed or not to be had."""
    settings = app.configuration.settings
    loopback = is_loopback(listening.host)
    app.sign_in.guests = loopback
    if not listening.open:
        app.sign_in.put_to_use(settings, app.fleet.plugins)
        await app.sign_in.look()
    if not loopback:
        may_face_people(settings, app.sign_in.ways, listening.host)
    with certificate_files(settings.backend.https):
        pass  # what cannot be used is told before anything is begun
    https = settings.backend.https
    named = loopback and not listening.open and https is None  # no certificate has a name that only we know
    listener, alone, held = listen(listening.host, listening.port, named=named)
    port: int = listener.getsockname()[1]
    tell_who_sees_nothing(settings.callboard, app.visibility)
    bases = base_paths(settings.app.base_url, settings.backend.base_url)
    entrance = Entrance(
        host=listening.host.strip("[]"),
        port=port,
        secure=https is not None,
        base=bases[0],
        public=(settings.app.base_url or "").rstrip("/"),
    )
    sealer = sealer_of(settings)
    sessions = Sessions(
        app.clock,
        None if listening.open else SessionStore(app.database),
        f"{listening.host}:{port}" if loopback else public_address(entrance),
        ways=app.sign_in.ways,
        sealer=sealer,
        trail=app.trail,
    )
    await sessions.start()
    app.sessions.on_end(sessions.over)
    if alone:
        entrance = msgspec.structs.replace(entrance, secret=f"{sessions.host}.localhost")
    policy = policy_of(settings, entrance, open_=listening.open, loopback=loopback)
    door = FrontDoor(policy, sessions, app.tokens, ways=app.sign_in.ways)
    desk = FrontDesk(
        app.sign_in.ways, sessions, SignInAttempts(sealer, app.clock), policy, public_address(entrance)
    )
    announce = Announcement(entrance, sessions, open_=listening.open, links=loopback)

    async def sign_in(token: str) -> str | Refused:
        session = await door.sign_in(token)
        if isinstance(session, str):
            announce.next_link()
        else:
            announce.renewed()
        return session

    async def sign_out(cookie: str, host: str, everywhere: bool) -> str:
        provider = await desk.leave(cookie, host, everywhere)
        announce.renewed()
        return provider

    def may_count(caller: Caller) -> bool:
        allowed = app.policies.engine.decide(
            caller, Action.METRICS_READ, Resource(kind=ResourceKind.PORTAL)
        ).allowed
        return allowed or settings.callboard.web.open_counts

    def refused(deed: AuditDeed, caller: Caller, path: str, code: str) -> None:
        app.trail.record(deed, caller, path, outcome=AuditOutcome.REFUSED, code=code)

    stopping, at_once, draining = asyncio.Event(), asyncio.Event(), asyncio.Event()
    ready = asyncio.Event()
    operations = Operations(
        ready=lambda: () if ready.is_set() and not stopping.is_set() else ("starting or draining",),
        metrics=app.metrics.written,
        sign_in=None if listening.open or not loopback else sign_in,
        sign_out=None if listening.open else sign_out,
        may_count=may_count,
        cookie=policy.cookie_for,
        desk=None if listening.open else desk,
    )
    options = WebOptions(
        title=settings.app.title,
        organization=settings.organization.name or "",
        draining=draining,
        can_sign_out=not listening.open,
        bases=bases,
        proxies=proxies_of(settings),
        refused=refused,
        rates=rates_of(settings),
        hsts=https is not None and not loopback,
    )
    site = whole_site(
        app.portal,
        door,
        operations,
        options,
        app.clock,
        app.extensions,
        app.identity_tokens.key_set,
        app.extension_manager,
    )

    def listening_now() -> None:
        ready.set()
        announce.first()

    with (
        held or nullcontext(),
        certificate_files(https) as certificate,
        stop_signals(stopping, at_once),
        short_turns(),
        collector() as cycles,
    ):
        server = Server(
            site,
            listener,
            drain=settings.callboard.web.drain_deadline,
            certificate=certificate,
            limits=HttpLimits(
                connections=_connections(settings.callboard.web.max_connections),
                of_address=settings.callboard.web.limits.connections,
            ),
            counted=app.metrics.connection_ended,
            uncounted=options.proxies.includes,
        )

        def recertify(renewed: HttpsSettings) -> None:
            with certificate_files(renewed) as files:
                if files is not None:
                    server.use_certificate(*files)

        app.recertify = recertify
        app.metrics.read_connections(lambda: server.connections)
        async with sessions, asyncio.TaskGroup() as group:
            background = (
                group.create_task(app.keep_up(), name="keep-up"),
                group.create_task(watch_loop(app.metrics, app.stalls.beat), name="loop-stall"),
                group.create_task(cycles.run(), name="collector"),
                group.create_task(give_back_now_and_then(), name="allocator"),
                group.create_task(asyncio.to_thread(site.prepare), name="prepare"),
                group.create_task(
                    _drain(stopping, at_once, draining, settings.callboard.web.drain_delay), name="drain"
                ),
            )
            app.stalls.begin()
            try:
                await server.run(draining, listening_now)
            finally:
                app.stalls.end()
            for task in background:
                task.cancel()


async def _drain(
    stopping: asyncio.Event, at_once: asyncio.Event, draining: asyncio.Event, delay: float
) -> None:
    """Told to stop, go on for `delay` seconds, or until told so again: whoever sends requests here has to learn of it first."""
    await stopping.wait()
    if delay and not at_once.is_set():
        _log.info("told to stop: no longer ready, and answering until others have noticed", seconds=delay)
        with suppress(TimeoutError):
            async with asyncio.timeout(delay):
                await at_once.wait()
    draining.set()


def _connections(wanted: int) -> int:
    """Not more than half of the files that this process may open: clusters, tables and logs need the rest."""
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if files == resource.RLIM_INFINITY or files // 2 >= wanted:
        return wanted
    _log.warning(
        "fewer connections are taken than callboard.web.maxConnections says, because of the limit on open files (ulimit -n)",
        wanted=wanted,
        taken=files // 2,
    )
    return files // 2


def _usable(chain: Path, key: Path) -> None:
    """Raises BadInput where no server can be had with them; what they hold is not shown."""
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(chain, key)
    except (ssl.SSLError, OSError) as error:
        mismatch = getattr(error, "reason", "") == "KEY_VALUES_MISMATCH"
        words = (
            "the key is another certificate's" if mismatch else "the certificate or its key cannot be read"
        )
        raise BadInput(
            Problem(
                words,
                where="backend.https.certificate",
                expected="cert: a certificate with those that signed it, key: its private key without a password, both as PEM",
            ),
            code="certificate",
        ) from None


@contextmanager
def certificate_files(https: HttpsSettings | None) -> Iterator[tuple[str, str] | None]:
    """The configured certificate as two files that are gone afterwards: the TLS library reads nothing else."""
    if https is None:
        yield None
        return
    with tempfile.TemporaryDirectory(prefix="callboard-") as folder:
        chain, key = Path(folder, "chain.pem"), Path(folder, "key.pem")
        chain.write_text(https.certificate.cert)
        key.touch(mode=0o600)
        key.write_text(https.certificate.key.reveal())
        _usable(chain, key)
        yield str(chain), str(key)
