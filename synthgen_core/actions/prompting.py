"""What a model was told for an example: not kept, but made again from what is kept with the example."""

from dataclasses import replace

from synthgen_core.errors import NotFoundError
from synthgen_core.generator import MAX_ATTEMPTS
from synthgen_core.methods import RECIPES, Approved, make_plan
from synthgen_core.models import Example, Message, Method
from synthgen_core.workspace import Workspace

NEEDED = ("domain", "subdomain", "language", "method", "seed", "item", "tries")


def prompt_of(workspace: Workspace, example: Example) -> tuple[Message, ...]:
    """The messages of the first call of the attempt that led to this example.

    They are as they would be today: with the domain's words and the approved examples of now, and without the openings
    that were to be avoided.

    Raises:
        NotFoundError: it was not made here, or its domain is gone.
    """
    said = example.metadata
    if any(name not in said for name in NEEDED):
        raise NotFoundError("This example was not made here, so that no prompt is known.", "")
    shown = said.get("few_shot")
    ids = [number for number in shown if isinstance(number, int)] if isinstance(shown, list) else []
    approved = tuple(Approved(e.id, e.content) for e in workspace.database.get_examples_by_id(ids)) if ids else ()
    plan = make_plan(
        workspace.catalogue,
        domain=str(said["domain"]),
        subdomain=str(said["subdomain"]),
        format_type=workspace.database.get_dataset(example.dataset_id).format,
        language_code=str(said["language"]),
        method=Method(str(said["method"])),
        seed=_number(said["seed"]),
    )
    plan = replace(plan, approved=approved, shown=len(approved))
    item, (replacement, attempt) = _number(said["item"]), divmod(_number(said["tries"]) - 1, MAX_ATTEMPTS)
    recipe = RECIPES[plan.method](plan, plan.scenario(item, replacement), item, replacement, attempt + 1)
    return next(recipe).request.messages


def _number(value: object) -> int:
    return value if isinstance(value, int) else 0
