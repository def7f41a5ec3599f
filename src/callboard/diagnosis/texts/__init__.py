"""All words of diagnosis in one place: for each code its title, its sentence, what it means and what to do.

A file for each family of `diagnosis.rules`, with data only; `words.py` has the form and makes sentences. English is the text
that translations will be looked up by. Written for someone who knows no Kubernetes; Kubernetes' own term stands beside it, so
that it can be searched for. Callers: `diagnosis`, and `portal` where it shows findings.
"""
