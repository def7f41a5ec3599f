"""The way to an API server through a SOCKS 5 proxy. The proxy looks the name up, as with Go and so with kubectl.

aiohttp knows HTTP proxies alone. Its connector is given a connection that the proxy has made, and does the rest (TLS, the name
that the certificate must have) as for any other.
"""

import asyncio
import socket
from typing import Any, Final

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.client_proto import ResponseHandler
from python_socks import ProxyConnectionError, ProxyError, ProxyTimeoutError
from python_socks.async_.asyncio import Proxy

from callboard.kube.connection.heads import Connector
from callboard.kube.failure import SocksRefused
from callboard.kube.text import clean

__all__ = ["SOCKS", "SocksConnector"]

SOCKS: Final = ("socks5", "socks5h")
"""Schemes of such proxies; Go makes no difference between them."""


class SocksConnector(Connector):
    """Opens every connection through the proxy at `url`, in at most `seconds`; `options` are the other connector's."""

    def __init__(self, url: str, seconds: float, **options: Any) -> None:
        super().__init__(resolver=_NamesStay(), use_dns_cache=False, **options)
        _, _, rest = url.partition("://")
        self._way = Proxy.from_url(f"socks5://{rest}", rdns=True, loop=asyncio.get_running_loop())
        self._seconds = seconds

    async def _wrap_create_connection(
        self,
        *args: Any,
        addr_infos: list[Any],
        req: aiohttp.ClientRequest,
        timeout: aiohttp.ClientTimeout,
        client_error: type[Exception] = aiohttp.ClientConnectorError,
        **kwargs: Any,
    ) -> tuple[asyncio.Transport, ResponseHandler]:
        host, port = addr_infos[0][4][:2]
        try:
            sock = await self._way.connect(host, port, timeout=self._seconds)
        except ProxyTimeoutError as error:
            raise aiohttp.ConnectionTimeoutError from error
        except ProxyConnectionError as error:
            raise aiohttp.ClientProxyConnectionError(req.connection_key, error) from error
        except ProxyError as error:
            raise SocksRefused(clean(str(error), 80)) from error
        try:
            return await self._wrap_existing_connection(
                *args, sock=sock, req=req, timeout=timeout, client_error=client_error, **kwargs
            )
        except BaseException:
            sock.close()
            raise


class _NamesStay(AbstractResolver):
    """Looks nothing up: the name goes to the proxy."""

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        return [
            ResolveResult(hostname=host, host=host, port=port, family=family, proto=0, flags=0),
        ]

    async def close(self) -> None:
        """There is nothing to close."""
