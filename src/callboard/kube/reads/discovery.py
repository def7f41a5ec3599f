"""What an API server serves: its version, and the kind and scope of resource types."""

import asyncio
import time
from typing import Final

import msgspec

from callboard.kube.connection.connection import Connection
from callboard.kube.failure import AnswerRefused, json_failure
from callboard.kube.text import clean
from callboard.model.outcome import Failure, FailureCode
from callboard.model.resource import ResourceType

__all__ = ["Discovery", "ServedType", "Version", "known_whole", "version_of"]

MOST_DISCOVERY: Final = 4 * 1024 * 1024
_Key = tuple[str, str, str]


class ServedType(msgspec.Struct, frozen=True):
    """One resource of a group and version."""

    plural: str
    kind: str
    namespaced: bool
    verbs: tuple[str, ...] = ()


class Version(msgspec.Struct, frozen=True, rename="camel"):
    """`/version`: `git_version` is like "v1.36.2"."""

    git_version: str = ""
    major: str = ""
    minor: str = ""
    platform: str = ""


class _Resource(msgspec.Struct):
    name: str
    kind: str = ""
    namespaced: bool = False
    verbs: tuple[str, ...] | None = None


class _ResourceList(msgspec.Struct):
    kind: str
    resources: tuple[_Resource, ...] | None = None


async def version_of(connection: Connection) -> Version:
    """Raises AnswerRefused."""
    answer = await connection.read("GET", "/version", most=MOST_DISCOVERY)
    try:
        found = msgspec.json.decode(answer.body, type=Version)
    except msgspec.ValidationError:
        raise AnswerRefused(
            Failure(code=FailureCode.WRONG_SHAPE, message="/version holds no version")
        ) from None
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise AnswerRefused(json_failure(answer.body, answer.headers, error)) from None
    if not found.git_version:
        raise AnswerRefused(Failure(code=FailureCode.WRONG_SHAPE, message="/version holds no version"))
    return msgspec.structs.replace(
        found, git_version=clean(found.git_version, 64), platform=clean(found.platform, 64)
    )


def known_whole(resource: ResourceType) -> bool:
    """Whether kind and scope are known without discovery."""
    return bool(resource.kind) and resource.namespaced is not None


class Discovery:
    """Resources by group and version, kept for `ttl` seconds for each cluster and identity. That something is not served is
    believed for `miss` seconds: types are added while others look."""

    def __init__(self, ttl: float = 600.0, most: int = 4096, *, miss: float = 5.0) -> None:
        self._ttl = ttl
        self._miss = miss
        self._most = most
        self._kept: dict[_Key, tuple[float, dict[str, ServedType] | Failure]] = {}
        self._locks: dict[_Key, asyncio.Lock] = {}

    async def served(self, connection: Connection, group: str, version: str) -> dict[str, ServedType]:
        """The types of a group and version by plural, without subresources. Raises AnswerRefused (NOT_SERVED on 404)."""
        key = (
            connection.cluster.url,
            connection.credential.identity,
            f"{group}/{version}" if group else version,
        )
        async with self._locks.setdefault(key, asyncio.Lock()):
            kept = self._kept.get(key)
            if kept is None or kept[0] <= time.monotonic():
                kept = await self._ask(connection, group, version)
                self._make_room()
                self._kept[key] = kept
        if isinstance(kept[1], Failure):
            raise AnswerRefused(kept[1])
        return kept[1]

    async def resolve(self, connection: Connection, resource: ResourceType) -> ResourceType:
        """`resource` with its kind and scope, where only discovery can tell them. Raises AnswerRefused; NOT_SERVED where
        the group and version are there and the type is not."""
        if known_whole(resource):
            return resource
        found = (await self.served(connection, resource.group, resource.version)).get(resource.plural)
        if found is None and self._forget(connection, resource):
            found = (await self.served(connection, resource.group, resource.version)).get(resource.plural)
        if found is None:
            message = f"the API server serves no {resource.plural} in {resource.api_version}"
            raise AnswerRefused(Failure(code=FailureCode.NOT_SERVED, message=message, status=404))
        return msgspec.structs.replace(resource, kind=found.kind, namespaced=found.namespaced)

    def _forget(self, connection: Connection, resource: ResourceType) -> bool:
        """Whether what is known of the type's group and version is so old that the type may have been added since."""
        key = (connection.cluster.url, connection.credential.identity, resource.api_version)
        kept = self._kept.get(key)
        if kept is None or kept[0] - self._ttl > time.monotonic() - self._miss:
            return False
        del self._kept[key]
        return True

    async def _ask(
        self, connection: Connection, group: str, version: str
    ) -> tuple[float, dict[str, ServedType] | Failure]:
        path = f"/apis/{group}/{version}" if group else f"/api/{version}"
        try:
            answer = await connection.read("GET", path, most=MOST_DISCOVERY)
        except AnswerRefused as refused:
            return (time.monotonic() + self._miss, refused.failure)
        try:
            listed = msgspec.json.decode(answer.body, type=_ResourceList)
        except msgspec.ValidationError:
            wrong = Failure(code=FailureCode.WRONG_SHAPE, message=f"{group}/{version} lists no resources")
            return (time.monotonic() + self._miss, wrong)
        except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
            return (time.monotonic() + self._miss, json_failure(answer.body, answer.headers, error))
        types = {
            r.name: ServedType(r.name, clean(r.kind, 128), r.namespaced, r.verbs or ())
            for r in listed.resources or ()
            if "/" not in r.name
        }
        return (time.monotonic() + self._ttl, types)

    def _make_room(self) -> None:
        if len(self._kept) >= self._most:
            now = time.monotonic()
            self._kept = {k: v for k, v in self._kept.items() if v[0] > now}
            if len(self._kept) >= self._most:
                self._kept.clear()
            self._locks = {k: v for k, v in self._locks.items() if v.locked() or k in self._kept}
