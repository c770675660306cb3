"""The weights that ship with the pack. LICENSE and NOTICE say whose they are, conversion/ how they were made."""

from pathlib import Path

FOLDER = Path(__file__).parent
