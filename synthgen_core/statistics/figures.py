"""A number with what it rests on: no figure is shown without its n, its interval and its method."""

from dataclasses import dataclass

LEAST = 30
"""Fewest cases on which an agreement, a correlation or an interval is shown: below, it would be noise."""
TOO_FEW = "n = {n:,}; shown from {least} on."


@dataclass(frozen=True, slots=True)
class Figure:
    """A value with its 95 % interval, or the reason why there is none."""

    n: int
    """Cases that it rests on."""
    value: float | None = None
    low: float | None = None
    high: float | None = None
    method: str = ""
    """How value and interval were found, in a few words."""
    why_withheld: str = ""
    """Said in place of the value; empty where there is one."""

    @classmethod
    def withheld(cls, n: int, why: str) -> "Figure":
        """No value, and why."""
        return cls(n, why_withheld=why)

    @classmethod
    def too_few(cls, n: int, least: int = LEAST) -> "Figure":
        """Withheld for want of cases."""
        return cls(n, why_withheld=TOO_FEW.format(n=n, least=least))

    @property
    def is_shown(self) -> bool:
        """There is a value."""
        return self.value is not None
