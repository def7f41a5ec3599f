"""The words of every code, and the sentences of findings."""

from callboard.diagnosis.texts import crash, create, image, pod, probe, rollout, scaling, schedule, start
from callboard.diagnosis.texts.words import Words, spoken
from callboard.model.finding import Consequence, Finding

__all__ = [
    "WORDS",
    "consequence_sentence",
    "sentence",
    "sentence_of_one",
    "words_of",
]

WORDS: dict[str, Words] = {
    **image.WORDS,
    **start.WORDS,
    **crash.WORDS,
    **probe.WORDS,
    **schedule.WORDS,
    **pod.WORDS,
    **create.WORDS,
    **rollout.WORDS,
    **scaling.WORDS,
}

_UNKNOWN = Words(title="Trouble", one="is not well", means="What is wrong has no words here.")


def words_of(code: str) -> Words:
    """What is said of a code; of one without words that it is trouble."""
    return WORDS.get(code, _UNKNOWN)


def sentence(finding: Finding) -> str:
    """The finding as one clause without its subject: `3 pods cannot pull their image (ImagePullBackOff)`."""
    return spoken(words_of(finding.code), finding.message, finding.arguments, finding.count)


def sentence_of_one(finding: Finding) -> str:
    """The same of one of its pods, which is named elsewhere: `cannot pull its image (ImagePullBackOff)`."""
    return spoken(words_of(finding.code), finding.message, finding.arguments, 1).removeprefix("1 pod ")


def consequence_sentence(consequence: Consequence) -> str:
    """What follows from a finding, as one clause."""
    return spoken(words_of(consequence.code), "", consequence.arguments, consequence.count)
