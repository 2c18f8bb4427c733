"""What a user asks of a judge: checked, with every gap filled, and as a job remembers it."""

from dataclasses import asdict, dataclass, field, replace
from decimal import Decimal
from typing import Any

from synthgen_core.actions.caps import budget_of, caps_of, check_caps, check_room, check_seed, in_range
from synthgen_core.actions.requests import kept_config
from synthgen_core.budget import Budget
from synthgen_core.database import Judge
from synthgen_core.errors import ConfigError
from synthgen_core.formats import get_format
from synthgen_core.judging import Rubric
from synthgen_core.judging.assessing import Demand
from synthgen_core.judging.prompts import judge_request
from synthgen_core.judging.rubric import make_rubric
from synthgen_core.methods import random_seed
from synthgen_core.models import ChatRequest, Dataset, Job, JsonObject, Method, ProviderConfig, Side, Watermark
from synthgen_core.providers import provider_kind
from synthgen_core.workspace import Workspace

DEFAULT_BATCH_SIZE, MOST_AT_A_TIME = 10, 256
MIN_QUALITY_SCORE, BEST = 7.0, 10
MOST_RUNS = 10


@dataclass(frozen=True, slots=True)
class QualityRequest:
    """What is to be judged, by whom, and what is to become of what is weak."""

    dataset_id: int
    provider: ProviderConfig
    """The judge, which also mends."""
    rubric: Rubric = field(default_factory=Rubric)
    runs: int = 1
    """Replies of the judge on each text; the score is their mean."""
    sample: int | None = None
    """So many examples, drawn by ``seed``; None: all active ones."""
    seed: int | None = None
    """None: one is drawn, and kept with the job."""
    again: bool = False
    """Ask also where this judge has scored the present text by this rubric, and take no kept reply of another job."""
    batch_size: int = DEFAULT_BATCH_SIZE
    """Examples that are worked on at a time, a call each."""
    judge_only: bool = False
    """No new dataset: the examples get scores, and the next three mean nothing."""
    min_quality_score: float = MIN_QUALITY_SCORE
    """Below it an example is mended or removed in the new dataset, where that is asked for."""
    auto_fix: bool = False
    auto_remove: bool = False
    max_cost: Decimal | None = None
    """US dollars that the run may cost; it pauses before it passes them."""
    max_tokens_total: int | None = None
    """Tokens, prompts and replies together, that the run may take."""

    @property
    def demand(self) -> Demand:
        """What is done with each example."""
        if self.judge_only:
            return Demand(self.rubric, self.runs)
        return Demand(self.rubric, self.runs, self.min_quality_score, self.auto_fix, self.auto_remove)

    @property
    def judge(self) -> Judge:
        """Who judges, and by what."""
        return Judge(self.provider.type, self.provider.model, self.rubric.hash)


def check_request(workspace: Workspace, request: QualityRequest) -> QualityRequest:
    """The request with every gap filled.

    Raises:
        NotFoundError: there is no such dataset or provider.
        ConfigError: a number is out of range, there is nothing to judge, the model is no judge, or the budget is none.
    """
    dataset = workspace.database.get_dataset(request.dataset_id)
    check_judge(request.provider)
    if not dataset.example_count:
        raise ConfigError(f"“{dataset.name}” has no examples.", "Choose another dataset.")
    in_range("number of replies on each text", request.runs, 1, MOST_RUNS)
    in_range("batch size", request.batch_size, 1, MOST_AT_A_TIME)
    in_range("minimum score", request.min_quality_score, 0, BEST)
    if request.sample is not None:
        in_range("sample", request.sample, 1, 10**9)
        seed = random_seed() if request.seed is None else request.seed
        check_seed(seed)
        request = replace(request, seed=seed)
    check_caps(request.max_cost, request.max_tokens_total)
    check_room(budget_for(workspace, request, None), first_call(workspace, dataset, request), _models(request))
    return request


def check_judge(config: ProviderConfig) -> None:
    """Raise ConfigError for a model that is too small to judge."""
    kind = provider_kind(config.type)
    if kind.method is Method.QUESTION_BANK:
        raise ConfigError(
            f"The {kind.name.lower()} is no judge: measured, its scores say no more than a coin.",
            "Choose another provider. The rules need no model.",
        )


def first_call(workspace: Workspace, dataset: Dataset, request: QualityRequest) -> ChatRequest:
    """A call such as the run will begin with."""
    (example,) = workspace.database.get_dataset_examples(dataset.id, 1)
    return judge_request(request.rubric, get_format(dataset.format), example.content, example.metadata, seed=1)


def check_budget(workspace: Workspace, request: QualityRequest, job: Job) -> None:
    """Raise ConfigError if what is left of a job's budget has no room for a call."""
    dataset = workspace.database.get_dataset(request.dataset_id)
    first = first_call(workspace, dataset, request)
    check_room(budget_for(workspace, request, job), first, _models(request), job)


def budget_for(workspace: Workspace, request: QualityRequest, job: Job | None) -> Budget:
    """What a run may spend, and has spent."""
    return budget_of(workspace.settings, request.provider, request.max_cost, request.max_tokens_total, job)


def _models(request: QualityRequest) -> dict[Side, str]:
    return {Side.WRITER: request.provider.model}


# -- what a job remembers


def to_parameters(request: QualityRequest, dataset: Dataset, mark: Watermark) -> JsonObject:
    """A request as a job keeps it, without the key; with the whole rubric, and the state of the dataset that it saw."""
    what = "Judging" if request.judge_only else "Quality run over"
    values: JsonObject = asdict(replace(request, provider=ProviderConfig("")))
    del values["dataset_id"]  # the job has it
    values["provider"] = dict(request.provider.public())
    values |= {"name": f"{what} “{dataset.name}”", "rubric_hash": request.rubric.hash}
    return values | {"watermark": [mark.seq, mark.example]} | caps_of(request)


def from_parameters(workspace: Workspace, job: Job) -> tuple[QualityRequest, Watermark]:
    """The request that a job keeps, with the key that the settings have now, and the state of the dataset."""
    assert job.dataset_id is not None
    values: dict[str, Any] = dict(job.parameters)
    for name in ("name", "rubric_hash"):
        del values[name]
    mark, rubric, cost = values.pop("watermark"), values.pop("rubric"), values.pop("max_cost")
    request = QualityRequest(
        **values | {"provider": kept_config(workspace, values["provider"])},
        dataset_id=job.dataset_id,
        rubric=make_rubric(rubric["criteria"], rubric["notes"]),
        max_cost=None if cost is None else Decimal(cost),
    )
    return request, Watermark(*mark)
