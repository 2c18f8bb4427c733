"""The values that flow between all rooms of the house: frozen dataclasses, and the words for states."""

from synthgen_core.models.calls import (
    ChatRequest,
    Completion,
    Message,
    Method,
    ProviderConfig,
    Role,
    Scenario,
    Side,
    Usage,
)
from synthgen_core.models.datasets import (
    BulkChange,
    Dataset,
    Example,
    ExampleFilter,
    ExampleStatus,
    Flag,
    Origin,
    Parent,
    Revision,
    Severity,
    Version,
    Watermark,
)
from synthgen_core.models.jobs import Job, JobKind, JobStatus
from synthgen_core.models.json import Json, JsonObject

__all__ = [
    "BulkChange",
    "ChatRequest",
    "Completion",
    "Dataset",
    "Example",
    "ExampleFilter",
    "ExampleStatus",
    "Flag",
    "Job",
    "JobKind",
    "JobStatus",
    "Json",
    "JsonObject",
    "Message",
    "Method",
    "Origin",
    "Parent",
    "ProviderConfig",
    "Revision",
    "Role",
    "Scenario",
    "Severity",
    "Side",
    "Usage",
    "Version",
    "Watermark",
]
