"""How this pack reads and writes files. Needs nothing but Python, so that every room may use it."""
