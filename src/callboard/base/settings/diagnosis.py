"""The `callboard.diagnosis` section: what an organisation makes of the conditions that are known."""

from typing import Literal

import msgspec

from callboard.base.settings.forms import SettingsStruct

__all__ = ["ConditionSettings", "DiagnosisSettings"]


class ConditionSettings(SettingsStruct, frozen=True, kw_only=True):
    """What is made of one condition, by its code."""

    enabled: bool = True
    """Whether it is told at all. Where it is not, what it would say alarms nobody. Default: on."""

    impact: Literal["down", "degraded", "at-risk", "notice"] | None = None
    """How bad it is graded here, instead of by how many pods are ready. `notice` alarms nobody. Default: as the rule has it."""

    runbook: str | None = None
    """An http or https address that is shown beside it. Default: none."""


class DiagnosisSettings(SettingsStruct, frozen=True, kw_only=True):
    """What is made of the conditions that are known."""

    conditions: dict[str, ConditionSettings] = msgspec.field(default_factory=dict)
    """By code (`CB-CRASH-ERROR`). Default: all as they are."""
