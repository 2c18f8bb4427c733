"""Rubrics: saved, listed, found. One that was saved never changes; to change one is to save its next version."""

import re
from collections.abc import Mapping, Sequence

from synthgen_core.access import Role, requires
from synthgen_core.actions.datasets import clean_name, storable
from synthgen_core.database.rubrics import KeptRubric
from synthgen_core.errors import ConfigError, NotFoundError
from synthgen_core.judging import Rubric
from synthgen_core.judging.rubric import make_rubric, name_from
from synthgen_core.workspace import Workspace

__all__ = ["STANDARD", "KeptRubric", "find_rubric", "get_rubric", "get_rubrics", "save_rubric"]

STANDARD = KeptRubric("Standard", 0, Rubric())
"""The five criteria that come with the app."""
SHORT_HASH = re.compile(r"[0-9a-f]{6,32}")


@requires(Role.REVIEWER)
def save_rubric(
    workspace: Workspace, name: str, criteria: Sequence[Mapping[str, object]], notes: str = "", author: str = ""
) -> KeptRubric:
    """Keep these criteria (name, label, question, weight) as the next version under this name. A criterion without a
    name gets one from its label.

    What is there already, under whatever name, is returned as it is, and nothing is saved.

    Raises ConfigError: it has no name, or ``judging.rubric.make_rubric`` refuses the criteria.
    """
    rows = [{key: storable(said) if isinstance(said, str) else said for key, said in row.items()} for row in criteria]
    rows = [{**row, "name": row.get("name") or name_from(str(row.get("label") or ""))} for row in rows]
    rubric, named = make_rubric(rows, storable(notes)), clean_name(name)
    if not named:
        raise ConfigError("The rubric has no name.", "Give it one: it is listed under it.")
    if rubric == STANDARD.rubric:
        return STANDARD
    return workspace.database.add_rubric(named, rubric, clean_name(author))


def get_rubrics(workspace: Workspace) -> list[KeptRubric]:
    """All versions of all rubrics: that of the app, then by name, the newest version of each first."""
    return [STANDARD, *workspace.database.list_rubrics()]


def get_rubric(workspace: Workspace, hash: str) -> KeptRubric:
    """The rubric with this hash. Raises NotFoundError."""
    for kept in get_rubrics(workspace):
        if kept.hash == hash:
            return kept
    raise NotFoundError(f"There is no rubric {hash[:8]}.", "It may have come with another version of the app.")


def find_rubric(workspace: Workspace, text: str) -> KeptRubric:
    """The newest version under this name, or the rubric whose hash begins so (six digits or more); empty: that of the
    app.

    Raises NotFoundError.
    """
    asked, kept = text.strip().lower(), get_rubrics(workspace)
    if not asked:
        return STANDARD
    if named := [each for each in kept if each.name.lower() == asked]:
        return max(named, key=lambda each: each.version)
    if SHORT_HASH.fullmatch(asked) and (found := [each for each in kept if each.hash.startswith(asked)]):
        return found[0]
    known = ", ".join(dict.fromkeys(each.name for each in kept))
    raise NotFoundError(f"There is no rubric “{text[:60]}”.", f"Known: {known}.")
