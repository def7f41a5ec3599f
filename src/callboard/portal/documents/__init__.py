"""Views written out for machines: the JSON that the terminal and the JSON API give alike, and what each code means.

Pure. It must never change the meaning of a key within one version, and must hold nothing that the view does not. Callers:
`api` and `cli`, and `web` for the texts of findings.
"""
