"""How the sandbox misbehaves: the catalogue of oddities, the rules that switch them on, and what each one does."""

from archiver.sandbox.oddities.rules import Oddities, Oddity

__all__ = ["Oddities", "Oddity"]
