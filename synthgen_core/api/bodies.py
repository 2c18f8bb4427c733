"""What requests and answers hold. Times are UTC, in ISO 8601; money is US dollars, as text, so that it stays exact."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any

from fastapi import Path
from pydantic import BaseModel, ConfigDict, Field

from synthgen_core.actions.jobs import JobView
from synthgen_core.models import ExampleStatus, JobKind, JobStatus, Method, Origin

MOST_ID = 2**31 - 1
Id = Annotated[int, Path(ge=1, le=MOST_ID)]
"""A number in a path."""
Number = Annotated[int, Field(ge=1, le=MOST_ID)]
"""One in a body."""
Text = Annotated[str, Field(max_length=1000)]


class Asked(BaseModel):
    """A body of a request: what it does not know is an error, not silence."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)


class Told(BaseModel):
    """A body of an answer that is filled from a value of ours."""

    model_config = ConfigDict(from_attributes=True)


class Detail(BaseModel):
    """What went wrong."""

    code: str
    message: str
    hint: str


class Problem(BaseModel):
    """The body of every answer that is an error."""

    error: Detail


class SubdomainBody(Told):
    """A part of a domain."""

    slug: str
    name: str
    description: str


class DomainBody(BaseModel):
    """A domain, and what its examples differ in."""

    slug: str
    name: str
    summary: str
    subdomains: list[SubdomainBody]
    parameters: dict[str, dict[str, int]]
    """Parameter -> value -> weight."""


class ProviderBody(BaseModel):
    """A kind of service."""

    type: str
    label: str
    costs_money: bool


class ProviderConfigBody(BaseModel):
    """Who writes unless a request says otherwise."""

    provider: str
    model: str
    base_url: str
    api_key: str
    """Masked; empty: there is none."""


class ConfigureRequest(Asked):
    """A provider's model and address, kept; keys are not: they come from the environment."""

    provider: Text
    model: Text = ""
    base_url: Text = ""
    is_default: bool = True
    """This provider writes from now on, unless a request says otherwise."""


class GenerateRequest(Asked):
    """A dataset to be made. Names may be slugs or display names."""

    domain: Text
    subdomain: Text
    num_examples: int = Field(10, ge=1)
    format_type: Text = "chat"
    language: Text = "en"
    name: Text = ""
    seed: int | None = Field(None, ge=0, lt=2**63)
    provider: Text = ""
    """Empty: the current one."""
    model: Text = ""
    method: Method | None = None
    max_cost: Decimal | None = Field(None, ge=0, max_digits=12)
    max_tokens_total: int | None = Field(None, ge=1, lt=2**53)


class QualityStartRequest(Asked):
    """A dataset to be judged, and mended where it is asked for."""

    dataset_id: Number
    batch_size: int = Field(10, ge=1, le=256)
    min_quality_score: float = Field(7.0, ge=0, le=10)
    auto_fix: bool = False
    auto_remove: bool = False
    judge_only: bool = False
    provider: Text = ""
    """Empty: the current one."""
    model: Text = ""
    max_cost: Decimal | None = Field(None, ge=0, max_digits=12)
    max_tokens_total: int | None = Field(None, ge=1, lt=2**53)


class RulesStartRequest(Asked):
    """A dataset for the rules to run over."""

    dataset_id: Number


class ExampleUpdate(Asked):
    """What is to change in an example."""

    content: dict[str, Any] | None = None
    quality_score: float | None = Field(None, ge=0, le=10)
    """A person's score, of ``author``; the judge's own is never overwritten."""
    revision: int | None = Field(None, ge=1, le=MOST_ID)
    """The one that was read: if the example's content changed since, the answer is 409."""
    author: Text = "api"


class MergeRequest(Asked):
    """Datasets to become one."""

    dataset_ids: list[Number] = Field(min_length=1, max_length=1000)
    name: Text = ""


class SampleRequest(Asked):
    """Examples to be drawn by chance."""

    dataset_id: Number
    sample_size: int = Field(ge=1, le=MOST_ID)
    seed: int | None = Field(None, ge=0, lt=2**63)
    name: Text = ""


class ConvertRequest(Asked):
    """A dataset to be put into another format."""

    dataset_id: Number
    target_format: Text
    name: Text = ""


class SettingsUpdate(Asked):
    """Settings to be kept, by name; null takes one back to its default."""

    settings: dict[str, str | int | float | bool | None]


class JobBody(BaseModel):
    """A background run."""

    id: int
    kind: JobKind
    status: JobStatus
    dataset_id: int | None
    title: str
    requested: int
    done: int
    failed: int
    calls: int
    prompt_tokens: int
    completion_tokens: int
    cost: str | None
    """Null: nothing of it is known."""
    unknown_cost_calls: int
    errors: dict[str, Any]
    note: str
    created_at: datetime
    started_at: datetime | None
    completed_at: datetime | None
    counters: dict[str, Any] = {}
    """Of a quality run: processed, kept, fixed, removed, failed, average, ...; not in a list of jobs."""

    @classmethod
    def of(cls, view: JobView, counters: Mapping[str, Any] | None = None) -> "JobBody":
        """What is told of a job."""
        job = view.job
        own = {
            "title": view.title,
            "prompt_tokens": job.usage.prompt_tokens,
            "completion_tokens": job.usage.completion_tokens,
            "cost": None if job.cost is None else f"{job.cost:f}",
            "counters": counters or {},
        }
        return cls.model_validate({**asdict(job), **own})


class JobPage(BaseModel):
    """Jobs, the newest first."""

    total: int
    tasks: list[JobBody]


class DatasetBody(Told):
    """A dataset."""

    id: int
    name: str
    description: str
    domain: str
    subdomain: str
    format: str
    origin: Origin
    example_count: int
    tags: list[str]
    created_at: datetime
    updated_at: datetime
    file_path: str
    metadata: dict[str, Any]


class DatasetPage(BaseModel):
    """Datasets, those changed last first."""

    total: int
    datasets: list[DatasetBody]


class ExampleBody(Told):
    """An example as it is now."""

    id: int
    dataset_id: int
    example_index: int
    content: dict[str, Any]
    status: ExampleStatus
    quality_score: float | None
    """The judge's."""
    metadata: dict[str, Any]
    revision: int
    created_at: datetime
    updated_at: datetime


class ExamplePage(BaseModel):
    """Active examples, in their order."""

    total: int
    examples: list[ExampleBody]


class ShareBody(Told):
    """Used and total bytes."""

    used: int
    total: int


class SystemBody(Told):
    """This computer's state; null where it is not known."""

    cpu: float | None
    """Percent."""
    memory: ShareBody | None
    disk: ShareBody | None


class SettingBody(BaseModel):
    """A setting, and where its value comes from."""

    name: str
    value: str | int | float | bool | None
    origin: str
    help: str
    can_edit: bool
    needs_restart: bool
