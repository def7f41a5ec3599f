"""Kubeconfigs as people have them, and odder ones. Each is read by kubectl and by Callboard, and both go where it leads.

Words in capitals between `@` are filled in: TLS and PLAIN are the addresses of two servers, CA (base64) and CAFILE check the
first, CERT and KEY (base64) are a client certificate, SOCKS and PROXY are proxies, EXEC is an exec plugin that gives the
token `from-plugin`.
"""

from typing import Final

__all__ = ["CASES", "one"]

_HEAD: Final = "apiVersion: v1\nkind: Config\n"


def one(
    *,
    user: str = "token: given",
    cluster: str = 'server: "https://@TLS@", certificate-authority-data: @CA@',
    context: str = "cluster: c, user: u",
    name: str = "x",
    more: str = "",
) -> str:
    """A kubeconfig with one context `x`, and a second one, `good`, that has nothing wrong."""
    return (
        f"{_HEAD}"
        'clusters:\n- {name: good, cluster: {server: "https://@TLS@", certificate-authority-data: @CA@}}\n'
        f"- {{name: c, cluster: {{{cluster}}}}}\n"
        f"users:\n- {{name: good, user: {{token: good}}}}\n- {{name: u, user: {{{user}}}}}\n"
        "contexts:\n- {name: good, context: {cluster: good, user: good}}\n"
        f"- {{name: {name}, context: {{{context}}}}}\n{more}"
    )


def _server(server: str, more: str = "certificate-authority-data: @CA@") -> str:
    return one(cluster=f'server: "{server}", {more}')


def _exec(more: str = "", command: str = "sh", args: str = "[-c, '@EXEC@']") -> str:
    return (
        "exec: {apiVersion: client.authentication.k8s.io/v1, interactiveMode: Never, "
        f"command: {command}, args: {args}{more}}}"
    )


_TOKENS: Final = (
    *(
        "2024-01-01",
        "2019-02-30",
        "2024-01-01T10:00:00Z",
        "1:30",
        "12:30:45",
        "=",
        "yEs",
        "nULL",
        "0x",
        "0b2",
        "0o8",
        "_1",
    ),
    *(
        "1e",
        ".e1",
        "1e400",
        "inf",
        "0x1p3",
        ".5_",
        "0xFFFFFFFFFFFFFFFFFFFF",
        "yes",
        "n",
        "on",
        "Off",
        "012",
        "08",
        "0o17",
    ),
    *(
        "0b11",
        "0x1f",
        "1_000",
        "1e3",
        "1.5",
        ".5",
        "+1",
        ".inf",
        "123456789012345678901234567890",
        "null",
        "~",
    ),
)

CASES: Final[dict[str, str | bytes]] = {
    **{f"token {word}": one(user=f"token: {word}") for word in _TOKENS},
    **{
        f"context name {word}": one(name=word)
        for word in ("2024-01-01", "1:30", "=", "yes", "012", "1e3", '""')
    },
    "token tagged str": one(user="token: !!str 12"),
    "token tagged int": one(user='token: !!int "12"'),
    "token with a tag of its own": one(user="token: !mine 12"),
    "token not specific": one(user="token: ! 12"),
    "token in binary": one(user="token: !!binary QUJD"),
    "token by alias": one(user="username: &n yes-it-is, token: *n").replace("username", "zzz"),
    "a date among the arguments of exec": one(user=_exec(args="[-c, '@EXEC@', 2024-01-01, 1:30]")),
    "a number among the arguments of exec": one(user=_exec(args="[-c, '@EXEC@', 7]")),
    "a null among the arguments of exec": one(user=_exec(args="[-c, '@EXEC@', null]")),
    "arguments of exec that are text": one(user=_exec(args="abc")),
    "variables of exec that are a mapping": one(user=_exec(", env: {A: b}")),
    "a number as a variable of exec": one(user=_exec(", env: [{name: A, value: 1}]")),
    "a variable of exec without a name": one(user=_exec(", env: [{value: a}]")),
    "a null among the variables of exec": one(user=_exec(", env: [null]")),
    "exec without a command": one(user=_exec(command='""')),
    "exec without a version": one(user="exec: {interactiveMode: Never, command: sh}"),
    "exec without a mode": one(user=_exec().replace("interactiveMode: Never, ", "")),
    "exec with a mode that is none": one(user=_exec().replace("Never", "Sometimes")),
    "exec that is not installed": one(
        user=_exec(", installHint: install it", command="not-installed-plugin")
    ),
    "exec beside a token": one(user="token: given, " + _exec(command='"false"')),
    "exec beside a password": one(user="username: u, password: p, " + _exec(command='"false"')),
    "exec beside a password alone": one(user=f"password: p, {_exec()}"),
    "exec of an old version": one(user=_exec().replace("io/v1,", "io/v1alpha1,")),
    "exec is text": one(user="exec: sh"),
    "a token and a password": one(user="token: given, username: u, password: p"),
    "a name without a password": one(user="username: u"),
    "a password without a name": one(user="password: p"),
    "a certificate": one(user="client-certificate-data: @CERT@, client-key-data: @KEY@"),
    "a certificate and a token": one(
        user="token: t, client-certificate-data: @CERT@, client-key-data: @KEY@"
    ),
    "a certificate without a key": one(user="client-certificate-data: @CERT@"),
    "a key without a certificate": one(user="token: t, client-key-data: @KEY@"),
    "a token file that is not there": one(user="tokenFile: nowhere, token: given"),
    "groups alone": one(user="token: given, as-groups: [dev]"),
    "a uid alone": one(user='token: given, as-uid: "7"'),
    "extra alone": one(user="token: given, as-user-extra: {a: [b]}"),
    "no groups": one(user="token: given, as-groups: []"),
    "groups that are text": one(user="token: given, as: a, as-groups: dev"),
    "an auth provider's date": one(
        user="token: given", more="- {name: g, context: {cluster: c, user: g}}\n"
    ).replace(
        "contexts:",
        "- {name: g, user: {auth-provider: {name: gcp, config: {expiry: 2019-02-30}}}}\ncontexts:",
    ),
    "no user": one(context="cluster: c"),
    "a user who is nowhere": one(context="cluster: c, user: nowhere"),
    "no cluster": one(context="user: u"),
    "a cluster that is nowhere": one(context="cluster: nowhere, user: u"),
    "a context that is null": one(more="- {name: n, context: null}\n- {name: m}\n"),
    "an item that is null": one(more="- null\n"),
    "a number as a namespace": one(context="cluster: c, user: u, namespace: 007"),
    "HTTPS in capitals": _server("HTTPS://@TLS@"),
    "HTTP in capitals": _server("HTTP://@PLAIN@"),
    "a server without a scheme": one(cluster='server: "@PLAIN@"'),
    "a plain server without a scheme, and a CA": _server("@PLAIN@"),
    "a plain server without a scheme, not checked": _server("@PLAIN@", "insecure-skip-tls-verify: true"),
    "a server without a scheme, and a CA": _server("@TLS@"),
    "a server without a scheme, not checked": _server("@TLS@", "insecure-skip-tls-verify: true"),
    "a server without a scheme, with a path": _server("@TLS@/k8s"),
    "a server without a scheme, with a slash": _server("@TLS@/"),
    "plain http with a token": _server("http://@PLAIN@"),
    "plain http with a certificate": one(
        cluster='server: "http://@PLAIN@"', user="client-certificate-data: @CERT@, client-key-data: @KEY@"
    ),
    "plain http with an exec": one(cluster='server: "http://@PLAIN@"', user=_exec()),
    "plain http with groups alone": one(cluster='server: "http://@PLAIN@"', user="as-groups: [dev]"),
    "a server with a path": _server("https://@TLS@/k8s/clusters/c-1/"),
    "a server with a query": _server("https://@TLS@/?a=b"),
    "a server of another scheme": _server("ftp://@TLS@"),
    "a server with a blank in front": _server(" https://@TLS@"),
    "a server that is a number": one(cluster="server: 8080"),
    "no server": one(cluster="certificate-authority-data: @CA@"),
    "not checked, and a CA": _server(
        "https://@TLS@", "insecure-skip-tls-verify: true, certificate-authority-data: @CA@"
    ),
    "not checked": _server("https://@TLS@", "insecure-skip-tls-verify: yes"),
    "not checked, in quotes": _server("https://@TLS@", 'insecure-skip-tls-verify: "true"'),
    "not checked, as a number": _server("https://@TLS@", "insecure-skip-tls-verify: 1"),
    "a CA file": _server("https://@TLS@", 'certificate-authority: "@CAFILE@"'),
    "a CA file that is not there": _server("https://@TLS@", "certificate-authority: nowhere"),
    "a CA and a file that is not there": _server(
        "https://@TLS@", "certificate-authority: nowhere, certificate-authority-data: @CA@"
    ),
    "a CA with line breaks": _server("https://@TLS@", 'certificate-authority-data: "@CA@\\n"'),
    "a CA with blanks": _server("https://@TLS@", 'certificate-authority-data: "@CA@ "'),
    "a CA that is no base64": _server("https://@TLS@", 'certificate-authority-data: "-_-_"'),
    "a CA that is base64 of nothing good": _server("https://@TLS@", 'certificate-authority-data: "QUJD"'),
    "a CA of another": _server("https://@TLS@", ""),
    "a server name that fits": _server(
        "https://@TLS@", "certificate-authority-data: @CA@, tls-server-name: kubernetes.default.svc"
    ),
    "a server name that does not fit": _server(
        "https://@TLS@", "certificate-authority-data: @CA@, tls-server-name: other"
    ),
    **{
        f"a proxy: {proxy}": _server(
            "https://@TLS@", f'certificate-authority-data: @CA@, proxy-url: "{proxy}"'
        )
        for proxy in (
            "socks5://@SOCKS@",
            "SOCKS5://@SOCKS@",
            "socks5://u:p%20w@@SOCKS@",
            "socks5h://@SOCKS@",
            "socks4://@SOCKS@",
            "http://@PROXY@",
            "@PROXY@",
            "ftp://@PROXY@",
        )
    },
    "a proxy and a server name": _server(
        "https://@TLS@",
        'certificate-authority-data: @CA@, proxy-url: "socks5://@SOCKS@", tls-server-name: kubernetes.default.svc',
    ),
    "a name that stands twice": one().replace("contexts:", "- {name: u, user: {token: again}}\ncontexts:"),
    "a key that stands twice": one(user="token: first, token: second"),
    "a section that stands twice": one(more="users: [{name: u, user: {token: second}}]\n"),
    "a merge after": one(user="token: first, <<: {token: second}"),
    "a merge before": one(user="<<: {token: second}, token: first"),
    "a merge of two": one(user="<<: [{token: first}, {token: second}]"),
    "a merge of text": one(user="<<: hello"),
    "a merge in quotes": one(user='token: given, "<<": {token: second}'),
    "an item that is text": one(more="- hello\n"),
    "a section that is a mapping": one(more="").replace("users:\n", "users: {a: b}\nzzz:\n"),
    "a section that is null": one(context="cluster: c").replace("users:\n", "users:\nzzz:\n"),
    "current-context a number": one(more="current-context: 7\n"),
    "extensions of any kind": one(
        context="cluster: c, user: u, extensions: [{name: a, extension: {b: yes, c: 1.5}}]"
    ),
    "preferences": one(more="preferences: {colors: true}\n"),
    "keys in capitals": one(user="Token: other, token: given"),
    "a key that is a number": one(more="1: b\n"),
    "no kind and no version": one().removeprefix(_HEAD),
    "another kind": one().replace("kind: Config", "kind: Pod"),
    "another version": one().replace("apiVersion: v1\n", "apiVersion: v2\n"),
    "a second document": one(more="---\nzzz: [\n"),
    "a second document in front": "---\n---\n" + one(),
    "YAML 1.1": "%YAML 1.1\n---\n" + one(),
    "YAML 1.2": "%YAML 1.2\n---\n" + one(),
    "nothing": "",
    "a comment": "# nothing yet\n",
    "a list": "- a\n",
    "text": "hello\n",
    "an anchor that is nowhere": one(more="zzz: *q\n"),
    "an anchor in itself": one(more="zzz: &q [*q]\n"),
    "aliases of aliases": one(
        more="zzz: [&a [1,1,1,1,1,1,1,1,1,1]"
        + "".join(f", &{b} [{', '.join([f'*{a}'] * 10)}]" for a, b in zip("abcdefg", "bcdefgh", strict=True))
        + "]\n"
    ),
    "JSON": '{"apiVersion": "v1", "kind": "Config", "clusters": [{"name": "c", "cluster": {"server": "https://@TLS@", '
    '"certificate-authority-data": "@CA@"}}],\n\t"users": [{"name": "u", "user": {"token": "given"}}], '
    '"contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}]}',
    "a surrogate pair": one(user='token: "\\ud83d\\ude80"'),
    "a tab for a blank": one().replace("- {name: u", "-\t{name: u"),
    "line ends of Windows": one().replace("\n", "\r\n"),
    "a byte order mark": b"\xef\xbb\xbf" + one().encode(),
    "UTF-16": one().encode("utf-16"),
    "Latin-1": one(more="# é\n").encode("latin-1"),
    "a control character in a comment": one(more="# \x07\n"),
}
