"""Drawing examples by chance, repeatably: without replacement, and where asked for with every group's share kept."""

import random
from collections.abc import Hashable, Sequence

from synthgen_core.splitting import apportion


def draw(total: int, size: int, seed: int) -> list[int]:
    """``size`` numbers below ``total``, ascending; all of them where there are no more."""
    return sorted(random.Random(seed).sample(range(total), min(size, total)))


def draw_by_group(groups: Sequence[Hashable], size: int, seed: int) -> list[int]:
    """Numbers of ``size`` examples, ascending, so that each group has its share of them, by largest remainder.

    ``groups`` names the group of each example. The order in which groups turn up changes nothing, that of the
    examples within a group does.
    """
    members: dict[Hashable, list[int]] = {}
    for number, group in enumerate(groups):
        members.setdefault(group, []).append(number)
    names = sorted(members, key=lambda name: (name is not None, str(name)))
    sizes = apportion(min(size, len(groups)), [len(members[name]) for name in names]) if groups else []
    chance = random.Random(seed)
    drawn: list[int] = []
    for name, share in zip(names, sizes, strict=True):
        drawn += chance.sample(members[name], share)
    return sorted(drawn)
