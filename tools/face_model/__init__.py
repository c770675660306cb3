"""A small trained SD1.5-type model that mends faces, for demo, pictures, tests and benchmarks; see README.md here."""

from pathlib import Path

STATE = Path(__file__).with_name("state")
"""What a training leaves behind and goes on from; git ignores it, and the published archive has none of tools/."""
