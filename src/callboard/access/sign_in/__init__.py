"""How people prove who they are: with an OpenID Connect provider, with GitHub, by a proxy in front, by tokens of Backstage.

It must never let a token, a claim or a secret reach a browser, a log or an error, never trust a key, an algorithm or an
address that neither the operator nor the provider's own metadata named, and never decide what somebody may do. `app` and
`access` call it.

    way (extend.sign_in) ─▶ ProvenPerson ─▶ resolving: which User of the catalog, which groups ─▶ Caller
"""
