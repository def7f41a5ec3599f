"""What to ask: on which clusters an entity is looked for, which objects are its own, and what these point to.

Functions of values, but for the two that ask a part: a locator, and suppliers for their custom resources. It must never decide
who may see the answer. Both objects providers call it, and `portal` for what a service is named by.
"""
