"""When a cluster is left alone, for how long, and how it comes back."""

from hypothesis import given
from hypothesis import strategies as st

from callboard.base.clock import FakeClock
from callboard.base.settings import BreakerSettings
from callboard.fleet.asking.breaker import Breaker, Breakers, BreakerState

SETTINGS = BreakerSettings(failures=3, open_for=4, max_open_for=10)


def fail(breaker: Breaker) -> None:
    permit = breaker.admit()
    assert permit is not None
    permit.failed()


def state_of(breaker: Breaker) -> BreakerState:
    return breaker.state


def opened(clock: FakeClock, *, jitter: float = 0.5) -> Breaker:
    breaker = Breaker(SETTINGS, clock, jitter=lambda: jitter)
    for _ in range(3):
        fail(breaker)
    return breaker


def test_it_opens_after_failures_in_a_row_and_a_success_between_starts_anew() -> None:
    breaker = Breaker(SETTINGS, FakeClock(), jitter=lambda: 0.5)
    fail(breaker)
    fail(breaker)
    permit = breaker.admit()
    assert permit is not None
    permit.succeeded()
    fail(breaker)
    fail(breaker)
    assert state_of(breaker) is BreakerState.CLOSED
    fail(breaker)
    assert state_of(breaker) is BreakerState.OPEN
    assert breaker.admit() is None
    assert breaker.retry_after == 4


def test_after_the_pause_one_trial_goes_and_everyone_else_waits_for_it() -> None:
    clock = FakeClock()
    breaker = opened(clock)
    clock.advance(4)
    trial = breaker.admit()
    assert trial is not None
    assert state_of(breaker) is BreakerState.HALF_OPEN
    assert breaker.admit() is None
    trial.succeeded()
    assert state_of(breaker) is BreakerState.CLOSED
    assert breaker.admit() is not None


def test_failed_trials_double_the_pause_up_to_the_longest() -> None:
    clock = FakeClock()
    breaker = opened(clock)
    pauses = []
    for _ in range(4):
        pauses.append(breaker.retry_after)
        clock.advance(breaker.retry_after)
        fail(breaker)
    assert pauses == [4, 8, 10, 10]


def test_an_abandoned_trial_lets_the_next_one_try() -> None:
    clock = FakeClock()
    breaker = opened(clock)
    clock.advance(4)
    trial = breaker.admit()
    assert trial is not None
    trial.abandoned()
    assert breaker.admit() is not None


def test_a_permit_counts_once() -> None:
    breaker = Breaker(SETTINGS, FakeClock())
    permit = breaker.admit()
    assert permit is not None
    for _ in range(5):
        permit.failed()
    assert state_of(breaker) is BreakerState.CLOSED


@given(st.floats(0, 1, exclude_max=True))
def test_the_pause_strays_by_a_quarter_at_most(jitter: float) -> None:
    assert 3 <= opened(FakeClock(), jitter=jitter).retry_after <= 5


@given(st.lists(st.sampled_from(["admit", "succeed", "fail", "abandon", "wait"]), max_size=60))
def test_no_order_of_events_locks_a_cluster_out_for_good(events: list[str]) -> None:
    clock = FakeClock()
    breaker = Breaker(SETTINGS, clock)
    permits = []
    for event in events:
        if event == "admit":
            permit = breaker.admit()
            if permit is not None:
                permits.append(permit)
        elif event == "wait":
            clock.advance(3)
        elif permits:
            permit = permits.pop()
            {"succeed": permit.succeeded, "fail": permit.failed, "abandon": permit.abandoned}[event]()
    for permit in permits:
        permit.abandoned()
    clock.advance(SETTINGS.max_open_for * 1.25)
    assert breaker.admit() is not None


def test_what_one_identity_or_address_runs_into_says_nothing_about_another() -> None:
    breakers = Breakers(lambda _: SETTINGS, FakeClock())
    for _ in range(3):
        fail(breakers.of("eu-1", "https://eu-1", "service account"))
    assert breakers.of("eu-1", "https://eu-1", "service account").admit() is None
    assert breakers.of("eu-1", "https://eu-1", "someone").admit() is not None
    assert breakers.of("eu-1", "https://moved", "service account").admit() is not None


def test_breakers_are_bounded_and_the_least_used_is_forgotten() -> None:
    breakers = Breakers(lambda _: SETTINGS, FakeClock(), most=2)
    first = breakers.of("a", "u", "i")
    breakers.of("b", "u", "i")
    assert breakers.of("a", "u", "i") is first
    breakers.of("c", "u", "i")
    assert breakers.of("a", "u", "i") is first
