"""Clusters out of kubeconfig files: `{type: kubeconfig}`, Callboard's own. Every context is a cluster of its name."""

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path

from callboard.base.config import FileStamp, stamp
from callboard.base.errors import BadInput
from callboard.base.settings import KubeconfigLocator
from callboard.extend.parts import Supplied
from callboard.fleet.kubeconfigs import CONTEXT, Kubeconfigs
from callboard.fleet.nearest import nearest_hint
from callboard.fleet.suppliers.config import custom_resources_of
from callboard.kube.kubeconfig import Context, default_files, expanded, read_kubeconfig
from callboard.model.caller import Caller
from callboard.model.cluster import AUTH_PROVIDER, Cluster
from callboard.model.notice import NoticeCode
from callboard.model.snapshot import Notice

__all__ = ["KubeconfigSupplier"]


class KubeconfigSupplier:
    """The contexts of the named files, else of those that kubectl would read. Implements `extend.TellingSupplier`.

    The files are looked at on every call, and read again when one changed. What cannot be read then is refused with a notice,
    and the clusters read last stay. Within kubectl's own files ($KUBECONFIG) the first one that has a context wins, as kubectl
    does it; in files named here a context that stands in two is supplied twice, so that the conflict is told.
    """

    def __init__(
        self,
        locator: KubeconfigLocator,
        *,
        where: str,
        base_dir: str,
        environ: Mapping[str, str],
        kubeconfigs: Kubeconfigs,
    ) -> None:
        self._locator = locator
        self._where = where
        self._named = tuple(Path(base_dir, expanded(f)) for f in locator.files)
        self._environ = environ
        self._kubeconfigs = kubeconfigs
        self._reading = asyncio.Lock()
        self._stamps: tuple[FileStamp, ...] = ()
        self._supplied: Supplied | None = None
        self._good: Supplied | None = None

    async def clusters(self, caller: Caller) -> Sequence[Cluster]:
        """The clusters alone."""
        return (await self.supplied(caller)).clusters

    async def supplied(self, caller: Caller) -> Supplied:
        """The clusters, and a notice for every context that cannot be used. Raises BadInput when nothing could ever be read."""
        files = self._named or default_files(self._environ)
        async with self._reading:
            stamps = await asyncio.to_thread(_stamps, files)
            if self._supplied is None or stamps != self._stamps:
                self._supplied = await self._read(files)
                self._stamps = stamps
            return self._supplied

    async def _read(self, files: Sequence[Path]) -> Supplied:
        try:
            contexts, notices = await asyncio.to_thread(self._contexts, files)
        except BadInput as error:
            if self._good is None:
                raise
            refused = Notice(
                NoticeCode.KUBECONFIG_REFUSED,
                f"{self._where}: a kubeconfig changed and cannot be used, so its clusters are those of before: {error.message}",
            )
            return Supplied(self._good.clusters, (*self._good.notices, refused))
        keys = {f"{self._where}#{context.where}": context for context in contexts}
        self._kubeconfigs.put(keys)
        self._good = Supplied(tuple(self._cluster(c, key) for key, c in keys.items()), tuple(notices))
        return self._good

    def _contexts(self, files: Sequence[Path]) -> tuple[list[Context], list[Notice]]:
        read = read_kubeconfig(files, missing_ok=not self._named)
        contexts = list(read.contexts)
        if len(self._named) > 1:
            places = {c.name: c.where for c in contexts}
            for file in self._named:
                contexts += [
                    c
                    for c in read_kubeconfig([file]).contexts
                    if c.name in places and places[c.name] != c.where
                ]
        notices = [Notice(NoticeCode.KUBECONFIG_CONTEXT_UNUSABLE, str(problem)) for problem in read.problems]
        wanted = self._locator.contexts
        known = {c.name for c in contexts}
        if wanted:
            contexts = [c for c in contexts if c.name in wanted]
        for name in dict.fromkeys(wanted):
            if name not in known:
                hint = nearest_hint(name, sorted(known))
                told = f"{self._where}: no kubeconfig has a usable context {name[:100]!r}"
                notices.append(Notice(NoticeCode.UNKNOWN_CONTEXT, f"{told}; {hint}" if hint else told))
        if not contexts and not notices:
            listed = ", ".join(str(f) for f in files)
            notices.append(Notice(NoticeCode.NO_CONTEXTS, f"{self._where}: there is no context in {listed}"))
        return contexts, notices

    def _cluster(self, context: Context, key: str) -> Cluster:
        return Cluster(
            name=context.name,
            url=context.server.rstrip("/"),
            auth_metadata={AUTH_PROVIDER: "kubeconfig", CONTEXT: key},
            trust=context.trust,
            skip_metrics_lookup=self._locator.skip_metrics_lookup,
            custom_resources=custom_resources_of(self._locator.custom_resources),
            namespace=context.namespace,
            source=context.where,
        )


def _stamps(files: Sequence[Path]) -> tuple[FileStamp, ...]:
    return tuple(stamp(f) for f in files)
