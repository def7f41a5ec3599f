"""OpenID Connect: the authorization code flow with PKCE, for a client that can keep a secret.

It must never ask an address that the operator did not write down or the provider's metadata did not name, follow a redirect,
or believe an ID token before every check of `signed_tokens`. `access.sign_in` alone calls it.

    metadata ─▶ way.begin ─▶ (the browser, at the provider) ─▶ way.finish ─▶ endpoints.exchange ─▶ checked_token
"""
