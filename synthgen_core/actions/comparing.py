"""Comparing two datasets, or two examples, with a judge: in the background, pair by pair, each in both orders."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from itertools import batched

from synthgen_core.actions.caps import check_caps, check_room, in_range
from synthgen_core.actions.providers import model_table, open_provider, provider_config
from synthgen_core.actions.requests import MOST_WORKERS, usual_workers
from synthgen_core.actions.runs import close_later, log_of, memory_of
from synthgen_core.actions.usage import tariff_for
from synthgen_core.budget import Budget
from synthgen_core.comparing import Pair, Settled, compare_pairs
from synthgen_core.concurrency import DaemonExecutor
from synthgen_core.database import NewJob, PaidReply, Progress
from synthgen_core.database.comparisons import Compared
from synthgen_core.database.jobs import STOPPED_SHORT
from synthgen_core.errors import ConfigError, NotFoundError
from synthgen_core.formats import Format, get_format
from synthgen_core.jobs import Run
from synthgen_core.judging import Rubric
from synthgen_core.judging.pairing import Candidate, candidate, pair_up
from synthgen_core.judging.preferences import Preference
from synthgen_core.judging.prompts import pair_request
from synthgen_core.judging.rubric import make_rubric
from synthgen_core.methods import random_seed
from synthgen_core.models import Dataset, Job, JobKind, JsonObject, ProviderConfig, Side, Usage
from synthgen_core.outcomes import Call, Reply
from synthgen_core.workspace import ACTIVE, Workspace, forget_expired
