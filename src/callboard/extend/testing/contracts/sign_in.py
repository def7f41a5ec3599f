"""The contract of a way to sign in."""

from functools import partial
from urllib.parse import urlsplit

from callboard.base.errors import NotSignedIn, Unavailable
from callboard.extend.sign_in import Departure, ProvenPerson, RecognisesRequests, ReturnedBrowser, SignInWay
from callboard.extend.testing.contracts.laws import Laws, fits
from callboard.model.door import RequestFacts

__all__ = ["check_sign_in_way"]

_BACK = "https://portal.example.org/sign-in/test/return"
_BARE = ReturnedBrowser(params={"code": "x"}, remembered={})
_FOREIGN = "<script>whatever-they-sent</script>"


async def check_sign_in_way(
    way: SignInWay | RecognisesRequests, *, back: str = _BACK, within: float = 10.0
) -> None:
    """Raises ContractBroken. What comes from outside is made up here, so that nobody may be let in by it."""
    if isinstance(way, RecognisesRequests) and not isinstance(way, SignInWay):
        await _recognises(way, within)
        return
    laws = Laws(way, SignInWay, within=within)
    assert isinstance(way, SignInWay)  # noqa: S101 - or it was told
    await laws.begin()
    departures = [await laws.call("begin()", lambda: way.begin(back), _departure) for _ in range(2)]
    await laws.left("begin()", lambda: way.begin(back))
    states = [d.state for d in departures if d is not None]
    if len(states) != len(set(states)):
        laws.broken("begin() gives two browsers one state")
    remembered = departures[0].remember if departures[0] is not None else {}
    for what, params in (
        ("nothing", {}),
        ("an error", {"error": _FOREIGN, "error_description": _FOREIGN}),
        ("a code that nobody gave", {"code": _FOREIGN, "state": states[0] if states else ""}),
        ("another's state", {"code": "x", "state": _FOREIGN}),
    ):
        returned = ReturnedBrowser(params=params, remembered=remembered)
        await _refuses(laws, f"finish() of a browser that brings {what}", way, returned, back)
    await _refuses(
        laws,
        "finish() of a browser of which nothing is remembered",
        way,
        _BARE,
        back,
    )
    await laws.end()


async def _refuses(laws: Laws, what: str, way: SignInWay, returned: ReturnedBrowser, back: str) -> None:
    async def finish() -> object:
        try:
            return await way.finish(returned, back)
        except (NotSignedIn, Unavailable) as error:
            if "script" in error.message:
                laws.broken(f"{what}: its error quotes what came from outside")
            raise

    await laws.call(what, finish, lambda _: "it lets somebody in", raises=(NotSignedIn, Unavailable))


async def _recognises(way: RecognisesRequests, within: float) -> None:
    laws = Laws(way, RecognisesRequests, within=within)
    await laws.begin()
    nothing = RequestFacts(method="GET", path="/", peer="192.0.2.1", client="192.0.2.1")
    await laws.call(
        "recognise() of a request that brings nothing",
        lambda: way.recognise(nothing),
        lambda value: "it knows somebody" if value is not None else "",
    )
    for what, header in (
        ("an empty header", ""),
        ("a header of nonsense", _FOREIGN),
        ("no token", "Bearer x.y.z"),
    ):
        facts = RequestFacts(
            method="GET", path="/", peer="192.0.2.1", client="192.0.2.1", authorization=header,
            header=partial(_any_header, header),
        )  # fmt: skip
        check = fits(ProvenPerson | None)
        await laws.call(
            f"recognise() of a request with {what}",
            partial(way.recognise, facts),
            check,
            raises=(NotSignedIn, Unavailable),
        )
        await laws.left("recognise()", partial(way.recognise, facts))
    await laws.end()


def _any_header(value: str, name: str) -> str:
    return value


def _departure(value: object) -> str:
    if found := fits(Departure)(value):
        return found
    assert isinstance(value, Departure)  # noqa: S101 - it fits
    parts = urlsplit(value.url)
    if parts.scheme not in ("https", "http") or not parts.netloc:
        return f"it leads to {value.url[:100]!r}, which is no address"
    if not value.state:
        return "it has no state"
    return ""
