"""The health of any object, from its own fields alone: of the built-in kinds that are neither pods nor what makes pods, and
of every custom resource.

    judge(type, object, now) -> Judgement

`judge.py` says in which order the readings count; each reading has a file: `generation` (was the newest change seen?), `held`
(suspended, paused, scaled to zero), `conditions`, `fields` (phase words, errors, flags), `counts`. `vocabulary` says what the
words mean that controllers use, `exceptions` what a few kinds mean by them that others do not, as data; `builtin` has
Kubernetes' own kinds.

Pure and total: any JSON value gives a judgement, in bounded time, and nothing is raised. It must never say "well" for want of
a better word: what nothing is known about is told as not judged. Callers: `diagnosis`.
"""
