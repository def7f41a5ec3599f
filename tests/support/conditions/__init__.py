"""For each code what it must fire on, and what differs from that in one field and must not make it fire."""
