"""Words for logs. `{time}`, `{pod}`, `{container}`, `{image}`, `{ms}`, `{id}`, `{n}` and `{path}` are filled in."""

import msgspec

from callboard.simulator.machinery.times import micro

__all__ = ["SCRIPTS", "Script", "fill"]

_PATHS = (
    "/",
    "/api/v1/roll",
    "/api/v1/items?limit=20",
    "/api/v1/search?q=dice",
    "/metrics",
    "/api/v1/orders/7741",
    "/static/app.js",
    "/api/v1/orders?page=2",
)


class Script(msgspec.Struct, frozen=True):
    """`period` is the mean seconds between steady lines."""

    start: tuple[str, ...] = ()
    steady: tuple[str, ...] = ()
    end: tuple[str, ...] = ()
    period: float = 4.0


SCRIPTS: dict[str, Script] = {
    "web": Script(
        start=(
            '{time} level=info msg="starting" image={image}',
            '{time} level=info msg="configuration loaded" sources=env,file',
            '{time} level=info msg="connected to database" pool=8 took={ms}ms',
            '{time} level=info msg="listening" addr=0.0.0.0:8080',
        ),
        steady=(
            '{time} level=info msg="request" method=GET path={path} status=200 took={ms}ms trace={id}',
            '{time} level=info msg="request" method=GET path={path} status=200 took={ms}ms trace={id}',
            '{time} level=info msg="request" method=POST path={path} status=201 took={ms}ms trace={id}',
            '{time} level=debug msg="cache refreshed" entries={n} took={ms}ms',
            '{time} level=warn msg="slow query" table=orders took={ms}ms trace={id}',
        ),
        end=('{time} level=info msg="shutting down" reason=SIGTERM',),
    ),
    "java": Script(
        start=(
            "{time}  INFO 1 --- [           main] com.example.{container}.Application     : "
            "Starting Application using Java 21.0.4 with PID 1",
            "{time}  INFO 1 --- [           main] o.s.b.w.embedded.tomcat.TomcatWebServer  : "
            "Tomcat initialized with port 8080 (http)",
            "{time}  INFO 1 --- [           main] com.zaxxer.hikari.HikariDataSource       : HikariPool-1 - Starting...",
        ),
        steady=(
            "{time}  INFO 1 --- [nio-8080-exec-{n}] c.e.{container}.RequestLog : GET {path} 200 {ms}ms trace={id}",
            "{time}  INFO 1 --- [   scheduling-1] c.e.{container}.Housekeeping : removed {n} stale sessions in {ms}ms",
        ),
        end=(
            "{time}  INFO 1 --- [ionShutdownHook] o.s.b.w.e.tomcat.GracefulShutdown : Graceful shutdown complete",
        ),
        period=5.0,
    ),
    "python": Script(
        start=(
            "[{time}] [1] [INFO] Starting gunicorn 23.0.0",
            "[{time}] [1] [INFO] Listening at: http://0.0.0.0:8080 (1)",
            "[{time}] [7] [INFO] Booting worker with pid: 7",
        ),
        steady=(
            '10.244.0.1 - - [{time}] "GET {path} HTTP/1.1" 200 {n} "-" "curl/8.14.1"',
            '10.244.1.7 - - [{time}] "POST {path} HTTP/1.1" 201 {n} "-" "python-httpx/0.28"',
        ),
        end=("[{time}] [1] [INFO] Handling signal: term",),
        period=3.0,
    ),
    "task": Script(
        start=("{time} INFO starting {container} ({image})", "{time} INFO reading input, {n} records"),
        steady=("{time} INFO processed {n} records in {ms}ms",),
        end=("{time} INFO done",),
        period=2.0,
    ),
    "silent": Script(),
}


def fill(text: str, container: str, image: str, pod: str, roll: int, index: int, moment: float) -> str:
    """One finished line."""
    for name, value in (
        ("{time}", micro(moment)[:-4] + "Z"),
        ("{pod}", pod),
        ("{container}", container),
        ("{image}", image),
        ("{ms}", str(1 + roll % 180)),
        ("{id}", f"{roll * 2654435761 & 0xFFFFFFFFFFFFFFFF:016x}"),
        ("{n}", str(1 + (roll >> 3) % 4000)),
        ("{path}", _PATHS[(roll >> 5) % len(_PATHS)]),
    ):
        if name in text:
            text = text.replace(name, value)
    return text
