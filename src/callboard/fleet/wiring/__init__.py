"""The parts of a fleet, made of settings and registrations, and joined: `wire` gives one `Fleet`.

It must never send anything or read a cluster: what does not fit is found before anything is asked. `app` calls it, and
`portal` holds what it gives.
"""
