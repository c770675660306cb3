"""The nodes: schema, unpacking, and one call into the core or the detectors. One file per family."""
