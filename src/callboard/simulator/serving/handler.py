"""One request from first byte to last: count it, identify, authorize, route, answer. The heart of a stand-in API server."""

from email.utils import formatdate
from typing import TYPE_CHECKING

import msgspec
import yaml
from aiohttp import web

from callboard.simulator.chaos import delivery
from callboard.simulator.chaos.rules import ChaosRule
from callboard.simulator.machinery.collection import Collection
from callboard.simulator.machinery.refusal import (
    ApiRefusal,
    bad_request,
    forbidden,
    method_not_allowed,
    not_found,
    resource_not_served,
)
from callboard.simulator.machinery.resources import ServedResource
from callboard.simulator.machinery.times import stamp
from callboard.simulator.machinery.tree import Tree, decode
from callboard.simulator.serving import answer as answers
from callboard.simulator.serving import listing, meta, podlogs, tables
from callboard.simulator.serving.accept import AnswerForm, negotiate
from callboard.simulator.serving.answer import HttpAnswer
from callboard.simulator.serving.identity import ApiUser, certificate_user
from callboard.simulator.serving.options import read_options, read_version
from callboard.simulator.serving.rbac import WantedAccess, attributes_of, refusal
from callboard.simulator.serving.request import RequestInfo, read_request
from callboard.simulator.serving.reviews import REVIEWS, review
from callboard.simulator.serving.watching import WatchStream
from callboard.simulator.serving.writing import Writer, read_body, scale_of

if TYPE_CHECKING:
    from callboard.simulator.cluster import SimulatedCluster

__all__ = ["Handler"]


class Handler:
    """Answers the requests of one cluster. Called by aiohttp's low-level server, one task a request."""

    def __init__(self, cluster: "SimulatedCluster") -> None:
        self._cluster = cluster

    async def __call__(self, request: web.BaseRequest) -> web.StreamResponse:
        cluster = self._cluster
        counters = cluster.counters
        counters.requests += 1
        counters.paths[request.path] += 1
        rules = cluster.chaos.matching(request.method, request.path_qs)
        if rules:
            early = await delivery.before(request, rules)
            if early is not None:
                return self._dated(early, rules)
        cluster.engine.run_on()
        user = None
        try:
            user = self._user(request)
            counters.log.append((request.method, request.path_qs, user.name))
            made = await self._route(request, user, rules)
        except ApiRefusal as no:
            if user is None:
                counters.log.append((request.method, request.path_qs, ""))
            made = answers.refused(no)
        if isinstance(made, HttpAnswer):
            if rules:
                return await delivery.deliver(
                    request, made, rules, lambda response: self._dated(response, rules)
                )
            counters.bytes_sent += len(made.body)
            return self._dated(made.response(request), rules)
        return made

    def _dated(self, response: web.StreamResponse, rules: list[ChaosRule]) -> web.StreamResponse:
        skew = sum(rule.seconds for rule in rules if rule.mode == "clock-skew")
        response.headers["Date"] = formatdate(self._cluster.now() + skew, usegmt=True)
        response.headers.setdefault("Audit-Id", self._cluster.audit_id())
        return response

    def _user(self, request: web.BaseRequest) -> ApiUser:
        peer = request.transport.get_extra_info("peercert") if request.transport is not None else None
        return self._cluster.tokens.authenticate(request.headers, certificate_user(peer))

    async def _route(
        self, request: web.BaseRequest, user: ApiUser, rules: list[ChaosRule]
    ) -> HttpAnswer | web.StreamResponse:
        cluster = self._cluster
        info = read_request(request.method, request.path, request.query)
        wanted = attributes_of(info)
        user = self._impersonated(request, user, wanted)
        cluster.authorizer.require(user, wanted, unread=any(rule.mode == "roles-unread" for rule in rules))
        if not info.is_resource:
            return meta.answer(cluster, request, info)
        if not cluster.registry.serves(info.group, info.version):
            return answers.text("404 page not found\n", 404)
        if info.resource == "namespaces" and info.namespace == info.name:
            info = msgspec.structs.replace(
                info, namespace=""
            )  # authorized within itself, stored outside of any
        kind = cluster.registry.find(info.group, info.version, info.resource)
        if kind is None or (info.namespace and not kind.namespaced):
            raise resource_not_served()
        return await self._resource(request, user, info, kind, rules)

    def _impersonated(self, request: web.BaseRequest, user: ApiUser, wanted: WantedAccess) -> ApiUser:
        name = request.headers.get("Impersonate-User", "")
        groups = tuple(request.headers.getall("Impersonate-Group", []))
        if not name:
            if groups or "Impersonate-Uid" in request.headers:
                raise bad_request("requested impersonating groups without impersonating a user")
            return user
        authorizer = self._cluster.authorizer
        asks = [WantedAccess("impersonate", resource="users", name=name)]
        if name.startswith("system:serviceaccount:"):
            _, _, place, account = name.split(":", 3)
            asks = [WantedAccess("impersonate", resource="serviceaccounts", namespace=place, name=account)]
        asks += [WantedAccess("impersonate", resource="groups", name=group) for group in groups]
        if not all(authorizer.allowed(user, ask)[0] for ask in asks):
            limited = msgspec.structs.replace(wanted, verb=f"impersonate-on:user-info:{wanted.verb}")
            raise refusal(user, limited)
        extra = (
            ()
            if "system:authenticated" in groups or name == "system:anonymous"
            else ("system:authenticated",)
        )
        return ApiUser(name, groups=(*groups, *extra))

    async def _resource(
        self,
        request: web.BaseRequest,
        user: ApiUser,
        info: RequestInfo,
        kind: ServedResource,
        rules: list[ChaosRule],
    ) -> HttpAnswer | web.StreamResponse:
        cluster = self._cluster
        method = request.method
        if kind.plural in REVIEWS and kind.group in ("authorization.k8s.io", "authentication.k8s.io"):
            if method != "POST":
                raise method_not_allowed()
            body = read_body(await request.read(), request.content_type, kind.kind)
            return answers.tree(
                review(kind.plural, body, user, cluster.authorizer, stamp(cluster.now())), 201
            )
        if kind.group == "metrics.k8s.io":
            return self._metrics(request, info, kind)
        if info.subresource:
            return await self._subresource(request, info, kind, rules)
        if (
            info.verb not in kind.verbs
            or (method == "POST" and info.name)
            or (method in ("PUT", "PATCH") and not info.name)
        ):
            raise method_not_allowed()
        form = negotiate(request.headers.get("Accept", ""))
        collection = cluster.store.collections[kind.key]
        if info.verb in ("list", "watch"):
            return await self._list(request, info, kind, collection, form, rules)
        if method in ("GET", "HEAD"):
            record = collection.need(info.namespace, info.name)
            listing.not_ahead(read_version(request.query), cluster.store.versions.current)
            if form.kind == "Table":
                include = request.query.get("includeObject", "Metadata")
                metadata = {"resourceVersion": str(record.version)}
                return self._shown(
                    tables.table(kind, [record.tree], metadata, cluster.now(), include=include), form
                )
            if form.kind:
                return self._shown(tables.partial(record.tree), form)
            body_bytes = listing.encode_object(kind, record)
            return self._shown(decode(body_bytes), form) if form.yaml else HttpAnswer(body_bytes + b"\n")
        return await self._write(request, info, kind, form)

    async def _list(
        self,
        request: web.BaseRequest,
        info: RequestInfo,
        kind: ServedResource,
        collection: Collection,
        form: AnswerForm,
        rules: list[ChaosRule],
    ) -> HttpAnswer | web.StreamResponse:
        cluster = self._cluster
        options = read_options(
            request.query, kind, info.namespace, info.name, streaming_lists=cluster.streaming_lists
        )
        include = request.query.get("includeObject", "Metadata")
        if not options.watch:
            records, metadata = listing.page(
                collection, options, info.namespace, cluster.store.versions.current
            )
            body = listing.list_body(kind, records, metadata, form, cluster.now(), include)
            return HttpAnswer(body, content_type=form.content_type)
        if (
            options.initial_events
        ):  # it waits until it has seen that version; a plain watch waits for what follows it
            listing.not_ahead(options.version, cluster.store.versions.current)
        seconds = options.timeout or cluster.watch_seconds
        stream = WatchStream(
            collection,
            kind,
            options,
            info.namespace,
            form,
            now=cluster.now,
            current=lambda: cluster.store.versions.current,
            include=include,
            bookmark_seconds=cluster.bookmark_seconds,
            seconds=seconds,
        )
        response = web.StreamResponse(
            headers={"Cache-Control": "no-cache, private", "Content-Type": "application/json"}
        )
        self._dated(response, rules)
        counters = cluster.counters
        counters.watches_opened += 1
        counters.open_watches += 1
        try:
            await response.prepare(request)
            async for line in delivery.watched(
                stream.lines(), lambda: cluster.chaos.during(request.method, request.path_qs, rules), request
            ):
                counters.bytes_sent += len(line)
                await response.write(line)
            await response.write_eof()
        except ConnectionResetError:
            pass  # the client has left, or misbehaviour closed the connection
        finally:
            counters.open_watches -= 1
        return response

    def _shown(self, tree: Tree, form: AnswerForm, status: int = 200) -> HttpAnswer:
        if form.yaml:
            return HttpAnswer(yaml.safe_dump(tree, sort_keys=False).encode(), status, form.content_type)
        return answers.tree(tree, status)

    async def _write(
        self, request: web.BaseRequest, info: RequestInfo, kind: ServedResource, form: AnswerForm
    ) -> HttpAnswer:
        cluster = self._cluster
        data = await request.read()
        writer = Writer(cluster.store, kind, info, request.query, request.headers.get("User-Agent", ""))
        status = 200
        if request.method in ("POST", "PUT", "PATCH"):
            made, status = self._written(request, writer, data, kind)
        elif info.verb == "deletecollection":
            made = self._delete_all(request, info, kind)
        else:
            options = read_body(data, request.content_type, "DeleteOptions") if data else {}
            made = writer.delete(options)
        cluster.engine.run_on()
        if form.kind == "PartialObjectMetadata" and made.get("kind") != "Status":
            made = tables.partial(made)
        elif form.kind == "Table" and made.get("kind") == kind.kind:
            metadata = {"resourceVersion": made["metadata"].get("resourceVersion", "")}
            made = tables.table(kind, [made], metadata, cluster.now())
        return self._shown(made, form, status)

    def _written(
        self, request: web.BaseRequest, writer: Writer, data: bytes, kind: ServedResource
    ) -> tuple[Tree, int]:
        """(what is stored now, status). A value of another type than its field's is the caller's fault."""
        try:
            if request.method == "POST":
                return writer.create(read_body(data, request.content_type, kind.kind)), 201
            if request.method == "PUT":
                return writer.update(read_body(data, request.content_type, kind.kind)), 200
            made, created = writer.patch(data, request.content_type)
            return made, 201 if created else 200
        except (AttributeError, LookupError, TypeError, ValueError, ArithmeticError, RecursionError) as error:
            told = f"{type(error).__name__}: {str(error)[:200]}"
            raise bad_request(
                f'{kind.kind} in version "{kind.version}" cannot be handled as a {kind.kind}: {told}'
            ) from error

    def _delete_all(self, request: web.BaseRequest, info: RequestInfo, kind: ServedResource) -> Tree:
        store = self._cluster.store
        options = read_options(request.query, kind, info.namespace, "", streaming_lists=True)
        gone = [
            record
            for record in store.collections[kind.key].records(info.namespace)
            if options.selects(record.tree)
        ]
        for record in gone:
            namespace, name = record.key
            store.delete(
                store.registry.stored(*kind.key),
                name,
                namespace,
                dry_run=request.query.get("dryRun") == "All",
            )
        metadata = {"resourceVersion": str(store.versions.current)}
        return {
            "kind": kind.list_kind,
            "apiVersion": kind.api_version,
            "metadata": metadata,
            "items": [record.tree for record in gone],
        }

    async def _subresource(
        self, request: web.BaseRequest, info: RequestInfo, kind: ServedResource, rules: list[ChaosRule]
    ) -> HttpAnswer | web.StreamResponse:
        cluster = self._cluster
        sub = kind.subresource(info.subresource)
        if sub is None:
            raise resource_not_served()
        if info.verb not in sub.verbs:
            raise method_not_allowed()
        form = negotiate(request.headers.get("Accept", "")) if sub.name != "log" else AnswerForm()
        record = cluster.store.collections[kind.key].need(info.namespace, info.name)
        if sub.name == "log":
            return await self._log(request, record.tree, rules)
        if sub.name == "scale" and request.method in ("GET", "HEAD"):
            return self._shown(scale_of(kind, record.tree), form)
        if sub.name == "status" and request.method in ("GET", "HEAD"):
            return HttpAnswer(listing.encode_object(kind, record) + b"\n")
        if sub.name in ("scale", "status"):
            return await self._write(request, info, kind, form)
        if sub.name == "token":
            body = read_body(await request.read(), request.content_type, "TokenRequest")
            return answers.tree(cluster.accounts.request(info.namespace, info.name, body), 201)
        if sub.name == "eviction":
            writer = Writer(cluster.store, kind, info, request.query, request.headers.get("User-Agent", ""))
            made = writer.evict(read_body(await request.read(), request.content_type, "Eviction"))
            cluster.engine.run_on()
            return answers.tree(made, 201)
        raise ApiRefusal(500, "", "no preferred addresses found; known addresses: []")

    async def _log(
        self, request: web.BaseRequest, pod: Tree, rules: list[ChaosRule]
    ) -> HttpAnswer | web.StreamResponse:
        cluster = self._cluster
        options = podlogs.read_log_options(request.query, cluster.now())
        container = podlogs.pick_container(pod, options.container)
        if not pod["spec"].get("nodeName"):
            return HttpAnswer(status=204, content_type="")
        run = cluster.log_run(pod, container, options.previous)
        if run is None:
            raise podlogs.no_log(pod, container, options.previous)
        if not options.follow or options.previous:
            body = podlogs.rendered(podlogs.select(run.lines(cluster.now()), options), options)
            return HttpAnswer(body, content_type="text/plain")
        response = web.StreamResponse(
            headers={"Cache-Control": "no-cache, private", "Content-Type": "text/plain"}
        )
        self._dated(response, rules)
        cluster.counters.open_follows += 1
        try:
            await response.prepare(request)
            async for piece in delivery.followed(
                podlogs.follow(run, options, cluster),
                lambda: cluster.chaos.during(request.method, request.path_qs, rules),
                request,
            ):
                await response.write(piece)
            await response.write_eof()
        except ConnectionResetError:
            pass
        finally:
            cluster.counters.open_follows -= 1
        return response

    def _metrics(self, request: web.BaseRequest, info: RequestInfo, kind: ServedResource) -> HttpAnswer:
        if request.method not in ("GET", "HEAD"):
            raise method_not_allowed()
        form = negotiate(request.headers.get("Accept", ""))
        options = read_options(
            request.query, kind, info.namespace, "" if info.verb == "get" else info.name, streaming_lists=True
        )
        items = [
            item for item in self._cluster.metrics.items(kind.plural, info.namespace) if options.selects(item)
        ]
        if info.verb == "get":
            found = next((item for item in items if item["metadata"]["name"] == info.name), None)
            if found is None:
                raise not_found(kind.group, kind.plural, info.name)
            return self._shown({"kind": kind.kind, "apiVersion": kind.api_version, **found}, form)
        if info.verb != "list":
            raise forbidden(kind.group, kind.plural, "", "watch is not supported")
        return self._shown(
            {"kind": kind.list_kind, "apiVersion": kind.api_version, "metadata": {}, "items": items}, form
        )
