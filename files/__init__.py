"""How this pack writes files. Needs nothing but Python, so that every room may use it."""
