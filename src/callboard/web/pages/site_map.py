"""Every page's address, endpoint and class, in one table."""

from callboard.http.door import ClassifiedRoute
from callboard.model.door import RouteClass
from callboard.web.pages.admin.coming_in import ComingInPages
from callboard.web.pages.admin.frame import AdminFrame
from callboard.web.pages.admin.record import RecordPages
from callboard.web.pages.admin.setup import SetUpPages
from callboard.web.pages.catalog import CatalogPages
from callboard.web.pages.dialogs import DialogPages
from callboard.web.pages.entity import EntityPages
from callboard.web.pages.live import LivePages
from callboard.web.pages.objects import ObjectPages
from callboard.web.pages.operations import OperationPages
from callboard.web.pages.reader import ReaderPages
from callboard.web.pages.sign_in import SignInPages
from callboard.web.pages.stars import StarPages
from callboard.web.static_files import StaticFiles

__all__ = ["site_map"]

ENTITY = "/catalog/{namespace}/{kind}/{name}"
OBJECT = ENTITY + "/kubernetes/object/{cluster}/{type}/{object_namespace}/{object_name}"


def site_map(
    catalog: CatalogPages,
    entity: EntityPages,
    dialogs: DialogPages,
    objects: ObjectPages,
    admin: AdminFrame,
    record: RecordPages,
    coming_in: ComingInPages,
    setup: SetUpPages,
    operations: OperationPages,
    sign_in: SignInPages,
    reader: ReaderPages,
    stars: StarPages,
    live: LivePages,
    static: StaticFiles,
) -> tuple[ClassifiedRoute, ...]:
    """All routes of this room."""
    read, public, unsafe = RouteClass.READ, RouteClass.PUBLIC, RouteClass.UNSAFE
    return (
        ClassifiedRoute("/", catalog.root, read, name="root"),
        ClassifiedRoute("/catalog", catalog.services, read, name="services"),
        ClassifiedRoute(ENTITY, entity.first_tab, read, name="entity"),
        ClassifiedRoute(OBJECT + "/log", objects.log, read, name="log"),
        ClassifiedRoute(OBJECT, objects.one, read, name="object"),
        ClassifiedRoute(ENTITY + "/{tab}", dialogs.tab, read, name="tab"),
        ClassifiedRoute("/admin", admin.index, read, name="admin"),
        ClassifiedRoute("/admin/audit", record.audit, read, name="admin-audit"),
        ClassifiedRoute("/admin/policies", record.policies, read, name="admin-policies"),
        ClassifiedRoute("/admin/clusters", setup.clusters, read, name="admin-clusters"),
        ClassifiedRoute("/admin/configuration", setup.configuration, read, name="admin-configuration"),
        ClassifiedRoute("/admin/sessions", coming_in.sessions, read, name="admin-sessions"),
        ClassifiedRoute(
            "/admin/sessions/end",
            coming_in.end_sessions,
            unsafe,
            name="admin-sessions-end",
            methods=("POST",),
        ),
        ClassifiedRoute("/admin/tokens", coming_in.tokens, read, name="admin-tokens"),
        ClassifiedRoute(
            "/admin/tokens/make", coming_in.make_token, unsafe, name="admin-tokens-make", methods=("POST",)
        ),
        ClassifiedRoute(
            "/admin/tokens/revoke",
            coming_in.revoke_token,
            unsafe,
            name="admin-tokens-revoke",
            methods=("POST",),
        ),
        ClassifiedRoute("/live", live.stream, RouteClass.STREAM, name="live", methods=("POST",)),
        ClassifiedRoute("/stars", stars.star, unsafe, name="stars", methods=("POST",)),
        ClassifiedRoute("/me", reader.me, read, name="me"),
        ClassifiedRoute("/sign-in", sign_in.sign_in, RouteClass.SIGN_IN, name="sign-in"),
        ClassifiedRoute("/sign-in/{way}", sign_in.begin, RouteClass.SIGN_IN, name="sign-in-begin"),
        ClassifiedRoute("/sign-in/{way}/return", sign_in.finish, RouteClass.SIGN_IN, name="sign-in-return"),
        ClassifiedRoute("/sign-out", sign_in.sign_out, unsafe, name="sign-out", methods=("POST",)),
        ClassifiedRoute("/livez", operations.livez, public, name="livez"),
        ClassifiedRoute("/readyz", operations.readyz, public, name="readyz"),
        ClassifiedRoute("/metrics", operations.metrics, RouteClass.METRICS, name="metrics"),
        ClassifiedRoute("/favicon.ico", operations.favicon, public, name="favicon"),
        ClassifiedRoute("/static/{version}/{name:path}", static.serve, public, name="static"),
    )
