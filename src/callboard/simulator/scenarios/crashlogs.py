"""The last words of processes that die, by language."""

__all__ = ["of"]

_TEXTS: dict[str, str] = {
    "web": """{time} level=error msg="cannot reach database" err="dial tcp 10.96.14.7:5432: connect: connection refused" attempt=5
panic: startup failed: dial tcp 10.96.14.7:5432: connect: connection refused

goroutine 1 [running]:
main.mustConnect({0xc00012c0c0, 0x2f})
\t/src/cmd/server/main.go:87 +0x1d4
main.main()
\t/src/cmd/server/main.go:41 +0x2a5
exit status 2""",
    "java": """{time} ERROR 1 --- [           main] o.s.boot.SpringApplication               : Application run failed
org.springframework.beans.factory.BeanCreationException: Error creating bean with name 'dataSource': Connection refused
\tat org.springframework.beans.factory.support.ConstructorResolver.instantiate(ConstructorResolver.java:657)
\tat org.springframework.boot.SpringApplication.refresh(SpringApplication.java:754)
\tat com.example.{container}.Application.main(Application.java:14)
Caused by: java.net.ConnectException: Connection refused
\tat java.base/sun.nio.ch.Net.pollConnect(Native Method)
\tat java.base/sun.nio.ch.NioSocketImpl.connect(NioSocketImpl.java:592)
\t... 31 more""",
    "python": """Traceback (most recent call last):
  File "/app/server.py", line 62, in <module>
    main()
  File "/app/server.py", line 48, in main
    settings = Settings.load(os.environ)
  File "/app/settings.py", line 31, in load
    raise KeyError("PAYMENT_PROVIDER_URL")
KeyError: 'PAYMENT_PROVIDER_URL'""",
    "migration": """{time} ERROR migration 0042_add_ledger_index failed
psycopg.errors.DuplicateTable: relation "ledger_account_idx" already exists
{time} ERROR giving up, the schema is left at 0041""",
}
_MEMORY: dict[str, str] = {
    "web": '{time} level=warn msg="memory above limit" heap=243MiB limit=256MiB',
    "java": "{time}  WARN 1 --- [ GC-monitor] c.e.{container}.Memory : G1 old generation 98% full after full collection",
    "python": "[{time}] [7] [WARNING] worker rss 251 MiB, loading 48000 rows into memory",
}


def of(language: str, cause: str) -> str:
    """What a process of this language writes before it dies of `cause` (`memory`, or anything else)."""
    texts = _MEMORY if cause == "memory" else _TEXTS
    return texts.get(language, texts["web"])
