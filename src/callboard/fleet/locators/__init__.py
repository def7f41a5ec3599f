"""Service locators: on which clusters an entity may run. They decide from the entity alone and ask nobody."""
