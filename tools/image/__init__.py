"""The container image, built without a container engine: Debian packages and hashed wheels, in an OCI layout.

It must never run anything of what it packs, and write the same bytes for the same inputs. `make image` calls it.
"""
