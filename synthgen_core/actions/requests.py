"""What a user asks a run to make: checked, with every gap filled, and as a job remembers it."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from decimal import Decimal
from typing import Any

from synthgen_core.actions.batches import check_batches
from synthgen_core.actions.caps import caps_of, check_caps, check_room, check_seed, in_range
from synthgen_core.actions.datasets import clean_name
from synthgen_core.actions.providers import provider_config
from synthgen_core.actions.usage import tariff_for
from synthgen_core.budget import Budget, Tariff
from synthgen_core.domains import Domain
from synthgen_core.errors import ConfigError, NotFoundError
from synthgen_core.formats import Format
from synthgen_core.languages import Language, language
from synthgen_core.methods import RECIPES, Approved, Ask, Plan, make_plan, random_seed
from synthgen_core.models import Job, JsonObject, Method, ProviderConfig, Side
from synthgen_core.providers import languages_of, provider_kind
from synthgen_core.scenarios import Draw
from synthgen_core.settings import Settings
from synthgen_core.workspace import Workspace

MOST_EXAMPLES = 1_000_000
MOST_WORKERS = 256
MOST_SHOTS = 8
"""Approved examples that one prompt may show."""
POOL = 24
"""Approved examples that a run chooses from."""


@dataclass(frozen=True, slots=True)
class GenerationRequest:
    """What a user asks for. Names may be slugs, display names or aliases."""

    domain: str
    subdomain: str
    provider: ProviderConfig
    num_examples: int = 10
    format_type: str = "chat"
    language: str = "en"
    name: str = ""
    """Of the dataset; empty: made from the subdomain."""
    seed: int | None = None
    """None: one is drawn, and kept with the job."""
    workers: int | None = None
    """Calls at a time; None: the provider's default."""
    temperature: float | None = None
    method: Method | None = None
    """None: the provider's default."""
    assistant_provider: ProviderConfig | None = None
    """Who answers turn by turn; None: the same model that plays the user."""
    few_shot_from: int | None = None
    """A dataset whose approved examples prompts show."""
    few_shot: int = 3
    """How many of them a prompt shows, if there are as many."""
    few_shot_ids: tuple[int, ...] = ()
    """Those that a run chooses from; empty: they are chosen, by seed."""
    use_cache: bool = True
    use_batch: bool = False
    """Send the calls in batches: at a lower price, to be answered within a day."""
    max_cost: Decimal | None = None
    """US dollars that the run may cost; it pauses before it passes them."""
    max_tokens_total: int | None = None
    """Tokens, prompts and replies together, that the run may take."""
    add_to: int | None = None
    """A dataset that the examples are added to; None: a new one."""
    first_index: int = 0
    """Position of the first of them there; found when the run starts."""
    weights: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    """Parameter -> value -> weight, in place of those that the domain has."""

    @property
    def configs(self) -> Mapping[Side, ProviderConfig]:
        """Who is asked for the words of each side."""
        return {Side.WRITER: self.provider, Side.ASSISTANT: self.assistant_provider or self.provider}


def check_request(workspace: Workspace, request: GenerationRequest) -> tuple[GenerationRequest, Plan]:
    """The request with every gap filled, and the plan that it means.

    Raises:
        NotFoundError: a name is not known; the hint has the nearest.
        ConfigError: a number is out of range, choices do not go together, the provider cannot write this language, no
            example is approved, or the budget cannot be kept.
    """
    kind = provider_kind(request.provider.type)
    in_range("number of examples", request.num_examples, 1, MOST_EXAMPLES)
    workers = usual_workers(workspace.settings, kind.type) if request.workers is None else request.workers
    in_range("number of workers", workers, 1, MOST_WORKERS)
    if request.temperature is not None:
        in_range("temperature", request.temperature, 0, 2)
    method = request.method or kind.method
    spoken = language(request.language)
    _check_method(request, method, spoken)
    if request.use_batch:
        check_batches(workspace.settings, request.provider, method)
    seed = random_seed() if request.seed is None else request.seed
    check_seed(seed)
    plan = make_plan(
        workspace.catalogue,
        domain=request.domain,
        subdomain=request.subdomain,
        format_type=request.format_type,
        language_code=spoken.code,
        method=method,
        seed=seed,
        temperature=request.temperature,
    )
    if request.add_to is not None:
        _check_target(workspace, request.add_to, plan.format)
    if request.weights:
        plan = replace(plan, domain=_weighted(plan.domain, request.weights))
    if request.few_shot_from is not None:
        approved = _approved(workspace, request, plan.format, seed)
        plan = replace(plan, approved=approved, shown=min(request.few_shot, len(approved)))
    filled = replace(
        request,
        domain=plan.domain.slug,
        subdomain=plan.subdomain.slug,
        format_type=plan.format.name,
        language=spoken.code,
        name=clean_name(request.name) or f"{plan.subdomain.name}, {plan.format.name}",
        seed=seed,
        workers=workers,
        method=method,
        few_shot=plan.shown or request.few_shot,
        few_shot_ids=tuple(example.id for example in plan.approved),
    )
    check_budget(workspace, filled, plan)
    return filled, plan


def usual_workers(settings: Settings, provider_type: str) -> int:
    """Calls at a time of a job that does not say how many. Raises NotFoundError."""
    return settings.workers or provider_kind(provider_type).workers


def _check_target(workspace: Workspace, dataset_id: int, format: Format) -> None:
    """Raise NotFoundError for a dataset that is gone, ConfigError for one of another format."""
    dataset = workspace.database.get_dataset(dataset_id)
    if dataset.format != format.name:
        raise ConfigError(
            f"Examples of the format {format.name} cannot be added to “{dataset.name}”, which is in {dataset.format}.",
            "Make examples of its format.",
        )


def _weighted(domain: Domain, weights: Mapping[str, Mapping[str, int]]) -> Domain:
    """The domain with other weights. Raises NotFoundError for a parameter or a value that it does not have.

    What it draws at all must keep a weight: in the question bank it may be all that does not contradict a situation.
    """
    for name, own in weights.items():
        if name not in domain.parameters:
            raise NotFoundError.of("parameter", name, domain.parameters, f"in {domain.name}")
        for value in own:
            if value not in domain.parameters[name]:
                raise NotFoundError.of("value", value, domain.parameters[name], f"of {name}")
        for value, weight in domain.parameters[name].items():
            if own.get(value, 0) < (1 if weight else 0):
                raise ConfigError(f"The value “{value}” of {name} has no weight.", "Give it a weight of 1 or more.")
    return replace(domain, parameters={**domain.parameters, **weights})


def _check_method(request: GenerationRequest, method: Method, spoken: Language) -> None:
    """Raise ConfigError for choices that do not go together."""
    for config in dict.fromkeys(request.configs.values()):
        languages = languages_of(config)
        if languages and spoken.code not in languages:
            raise ConfigError(
                f"The {provider_kind(config.type).name.lower()} writes English only, not {spoken.name}.",
                "Choose English, or another provider.",
            )
    if request.assistant_provider is not None and method is not Method.TURN_BY_TURN:
        raise ConfigError(
            f"A second model for the assistant's side is asked turn by turn only, not in the way “{method}”.",
            "Choose the way “turn_by_turn”, or leave the assistant's model out.",
        )
    if method is Method.QUESTION_BANK and spoken.code != "en":
        raise ConfigError(
            f"The question bank is in English, not in {spoken.name}.", "Choose English, or another way of making."
        )
    if method is Method.QUESTION_BANK and request.few_shot_from is not None:
        raise ConfigError(
            "Prompts of the way “question_bank” show no approved examples: they are for small models.",
            "Choose “structured” or “turn_by_turn”, or leave the examples out.",
        )


def _approved(workspace: Workspace, request: GenerationRequest, format: Format, seed: int) -> tuple[Approved, ...]:
    """The approved examples that prompts of this run show. Raises NotFoundError, or ConfigError where there is none."""
    assert request.few_shot_from is not None
    in_range("number of approved examples in a prompt", request.few_shot, 1, MOST_SHOTS)
    database = workspace.database
    dataset = database.get_dataset(request.few_shot_from)
    if dataset.format != format.name:
        raise ConfigError(
            f"The dataset {dataset.id} (“{dataset.name}”) is in the format {dataset.format}, not {format.name}.",
            "Take approved examples from a dataset of the same format.",
        )
    ids = request.few_shot_ids
    if not ids:
        ids = tuple(sorted(Draw("approved", seed).shuffled(database.get_approved(dataset.id))[:POOL]))
    found = tuple(Approved(example.id, example.content) for example in database.get_examples_by_id(ids))
    if not ids:
        raise ConfigError(
            f"No example of dataset {dataset.id} (“{dataset.name}”) is approved as it is now.",
            "Accept some in its review, or choose another dataset.",
        )
    if len(found) < len(ids):
        raise NotFoundError(f"Approved examples of dataset {dataset.id} that this job shows are gone.", "Start anew.")
    return found


@dataclass(frozen=True, slots=True)
class ApprovedSet:
    """A dataset that has approved examples."""

    name: str
    approved: int


def datasets_with_approved(workspace: Workspace, format_type: str) -> dict[int, ApprovedSet]:
    """Id -> name and number of approved examples, of each dataset of this format that has any, the newest first."""
    counts = workspace.database.count_approved(format_type)
    names = workspace.database.get_dataset_names() if counts else {}
    return {number: ApprovedSet(names[number], counts[number]) for number in sorted(counts, reverse=True)}


# -- budgets


def tariffs_for(settings: Settings, request: GenerationRequest) -> Mapping[Side, Tariff]:
    """What calls for each side cost. Raises ConfigError where the user's table of models is wrong."""
    return {side: tariff_for(settings, config) for side, config in request.configs.items()}


def check_budget(workspace: Workspace, request: GenerationRequest, plan: Plan, job: Job | None = None) -> None:
    """Raise ConfigError if the budget is none, if nobody could keep to it, or if it leaves no room for a call."""
    check_caps(request.max_cost, request.max_tokens_total)
    budget = budget_for(workspace.settings, request, job)
    models = {side: config.model for side, config in request.configs.items()}
    check_room(budget, first_ask(plan).sent, models, job)


def budget_for(settings: Settings, request: GenerationRequest, job: Job | None) -> Budget:
    """What a run may spend, and has spent."""
    tariffs = tariffs_for(settings, request)
    return Budget(
        tariffs[Side.WRITER],
        assistant=tariffs[Side.ASSISTANT],
        max_cost=request.max_cost,
        max_tokens=request.max_tokens_total,
        spent_cost=job.cost if job else None,
        spent_tokens=job.usage.total if job else 0,
    )


def first_ask(plan: Plan) -> Ask:
    """The call that a run begins with."""
    return next(RECIPES[plan.method](plan, plan.scenario(0), 0, 0, 1))


# -- what a job remembers


def to_parameters(request: GenerationRequest) -> JsonObject:
    """A request as a job keeps it: without keys, and without numbers that mean nothing in it."""
    values: JsonObject = asdict(replace(request, provider=ProviderConfig(""), assistant_provider=None))
    assistant = request.assistant_provider
    values["provider"] = dict(request.provider.public())
    values["assistant_provider"] = None if assistant is None else dict(assistant.public())
    if request.few_shot_from is None:
        del values["few_shot"], values["few_shot_ids"]
    return values | caps_of(request)


def from_parameters(workspace: Workspace, parameters: JsonObject) -> GenerationRequest:
    """The request that a job keeps, with the keys that the settings have now."""
    values: dict[str, Any] = dict(parameters)
    provider = kept_config(workspace, values.pop("provider"))
    said = values.pop("assistant_provider", None)
    assistant = None if said is None else kept_config(workspace, said)
    ids = values.pop("few_shot_ids", None)
    assert ids is None or isinstance(ids, list)
    method, cost = Method(str(values.pop("method"))), values.pop("max_cost", None)
    return GenerationRequest(
        **values,
        provider=provider,
        assistant_provider=assistant,
        method=method,
        few_shot_ids=tuple(int(str(number)) for number in ids or ()),
        max_cost=None if cost is None else Decimal(str(cost)),
    )


def kept_config(workspace: Workspace, said: object) -> ProviderConfig:
    """The model that a job keeps, with the key that the settings have now."""
    assert isinstance(said, dict)
    return provider_config(
        workspace.settings, str(said["type"]), model=str(said["model"]), base_url=str(said["base_url"])
    )
