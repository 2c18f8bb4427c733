"""Running the rules over a dataset in the background: flags and a score for each example, and no model.

First the dataset is read as a whole, as far as rules need that (lengths, duplicates), then example by example. Each
batch is written as it is done; a run that stopped short goes on where it was.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from synthgen_core import access
from synthgen_core.actions.duplicate_search import SearchRequest, find_clusters
from synthgen_core.database import NewFlag, NewJob
from synthgen_core.database.checks import SOURCE, Checkable, Checked, RulesSummary
from synthgen_core.dedup import Compared, compared_text, signs_of, similarity_of, words_of
from synthgen_core.errors import ConfigError, ConflictError, StoppedError
from synthgen_core.formats import Format, get_format
from synthgen_core.jobs import Run
from synthgen_core.models import Flag, Job, JobKind, JsonObject, Role
from synthgen_core.rules import (
    RULES,
    Finding,
    Lengths,
    Neighbour,
    check_example,
    default_thresholds,
    get_rule,
    measure_lengths,
    parts_of,
    rule_score,
)
from synthgen_core.workspace import ACTIVE, Workspace

FEWEST_WORDS = 20
"""An answer of fewer words may be that of another example by chance."""


@dataclass(frozen=True, slots=True)
class RulesRequest:
    """What is to be looked for."""

    rules: tuple[str, ...]
    """Names of ``RULES``, in its order."""
    thresholds: Mapping[str, float]
    """Of all rules that have one."""

    @property
    def is_complete(self) -> bool:
        """All rules are asked, so that there is a score."""
        return len(self.rules) == len(RULES)


@access.requires(access.Role.REVIEWER)
def check_dataset(
    workspace: Workspace,
    dataset_id: int,
    thresholds: Mapping[str, float] | None = None,
    rules: Sequence[str] = (),
) -> Job:
    """Run the rules, all unless some are named, over the active examples of a dataset; returns at once.

    ``thresholds`` (rule -> number) replace the defaults. What these rules had found before is replaced. If only some
    rules run, examples that all rules have read before are scored anew, and others stay without a score.

    Raises:
        NotFoundError: there is no such dataset, or no such rule.
        ConfigError: a rule has no threshold, or none such; or the dataset is empty.
        ConflictError: the rules run over this dataset already.
    """
    request = _check_request(thresholds or {}, rules)
    dataset = workspace.database.get_dataset(dataset_id)
    if not dataset.example_count:
        raise ConfigError(f"“{dataset.name}” has no examples.", "Choose another dataset.")
    for job in workspace.database.get_jobs(ACTIVE, JobKind.RULES, dataset_id=dataset_id):
        raise ConflictError(f"The rules run over “{dataset.name}” already (job {job.id}).", "Wait, or cancel it.")
    parameters: JsonObject = {
        "name": f"Rules over “{dataset.name}”",
        "rules": [*request.rules],
        "thresholds": {**request.thresholds},
    }
    new = NewJob(JobKind.RULES, parameters, dataset.example_count, workspace.runner.owner)
    job = workspace.database.create_job(new, dataset_id)
    _start(workspace, job, request)
    return job


@access.requires(access.Role.REVIEWER)
def resume_rules(workspace: Workspace, /, job_id: int, **_: object) -> Job:
    """Go on with a run that stopped short. Raises NotFoundError, or ConflictError if it waits, runs, or is complete."""
    job = workspace.database.reopen_job(job_id, workspace.runner.owner)
    rules, thresholds = job.parameters["rules"], job.parameters["thresholds"]
    assert isinstance(rules, list)
    assert isinstance(thresholds, dict)
    kept = {name: float(str(number)) for name, number in thresholds.items()}
    _start(workspace, job, RulesRequest(tuple(map(str, rules)), kept))
    return job


def rules_summary(workspace: Workspace, dataset_id: int) -> RulesSummary:
    """What the rules say of a dataset's active examples. Raises NotFoundError."""
    return workspace.database.summarise_rules(workspace.database.get_dataset(dataset_id).id)


def _check_request(thresholds: Mapping[str, float], rules: Sequence[str]) -> RulesRequest:
    for name in rules:
        get_rule(name)
    for name, number in thresholds.items():
        rule = get_rule(name)
        allowed = rule.threshold
        if allowed is None:
            raise ConfigError(f"The rule “{name}” has no threshold.", f"Known: {', '.join(default_thresholds())}.")
        if not allowed.least <= number <= allowed.most:
            raise ConfigError(
                f"The threshold {number:g} of the rule “{name}” is out of range.",
                f"Give {allowed.least:g} to {allowed.most:g}: {allowed.meaning}.",
            )
    chosen = tuple(name for name in RULES if not rules or name in rules)
    return RulesRequest(chosen, {**default_thresholds(), **thresholds})


def _start(workspace: Workspace, job: Job, request: RulesRequest) -> None:
    workspace.runner.start(job, lambda run: RulesWork(workspace, run, request).perform())


class RulesWork:
    """One run of the rules, and what it knows of the dataset as a whole."""

    def __init__(self, workspace: Workspace, run: Run, request: RulesRequest) -> None:
        self._database, self._workspace, self._run, self._request = workspace.database, workspace, run, request
        assert run.job.dataset_id is not None
        self._dataset_id = run.job.dataset_id
        self._lengths: Lengths | None = None
        self._twins: dict[int, Neighbour] = {}
        self._shown: dict[int, tuple[str, str]] = {}
        """Example of a prompt -> its words and those of its answers, as signs."""

    def perform(self) -> None:
        """Read, check, write. Raises NotFoundError once the dataset is deleted, and StoppedError."""
        format = get_format(self._database.get_dataset(self._dataset_id).format)
        if "duplicate" in self._request.rules:
            self._run.note("Looking for duplicates.")
            self._find_twins()
        if "length_outlier" in self._request.rules:
            self._run.note("Measuring the lengths.")
            self._measure(format)
        self._run.note("")
        after = int(str(self._database.get_counters(self._run.job.id).get("after", 0)))
        while batch := self._database.get_checkable(self._dataset_id, after):
            self._check_stop()
            found = self._check(format, batch)
            after = batch[-1].id
            self._database.record_checks(self._run.job, found, self._request.rules, {"after": after}, self._run.seconds)

    def _check_stop(self) -> None:
        if self._run.stop.is_set():
            raise StoppedError

    def _find_twins(self) -> None:
        threshold = self._request.thresholds["duplicate"]
        found = find_clusters(self._workspace, self._dataset_id, SearchRequest(threshold), tick=self._check_stop)
        for cluster in found.clusters:
            for twin in cluster.twins:
                self._twins[twin.example_id] = Neighbour(cluster.kept, twin.similarity)

    def _measure(self, format: Format) -> None:
        sizes, after = [], 0
        while batch := self._database.get_checkable(self._dataset_id, after):
            self._check_stop()
            after = batch[-1].id
            sizes += [
                sum(len(part.text) for part in parts_of(each.content) if part.role is Role.ASSISTANT) for each in batch
            ]
        self._lengths = measure_lengths(sizes)

    def _check(self, format: Format, batch: Sequence[Checkable]) -> list[Checked]:
        shown = self._nearest_shown(format, batch) if "copied" in self._request.rules else {}
        others = self._others(batch)
        checked = []
        for each in batch:
            findings = check_example(
                format,
                each.content,
                each.metadata,
                thresholds=self._request.thresholds,
                lengths=self._lengths,
                twin=self._twins.get(each.id),
                shown=shown.get(each.id),
                rules=self._request.rules,
            )
            has_score = self._request.is_complete or each.is_checked
            score = rule_score([*findings, *others.get(each.id, ())]) if has_score else None
            checked.append(Checked(each.id, each.revision, tuple(map(_to_flag, findings)), score))
        return checked

    def _others(self, batch: Sequence[Checkable]) -> dict[int, list[Flag]]:
        """What rules that are not asked now have found before, which counts for the score."""
        found: dict[int, list[Flag]] = {}
        if not self._request.is_complete:
            for flag in self._database.get_flags([each.id for each in batch]):
                if flag.source == SOURCE and flag.rule not in self._request.rules:
                    found.setdefault(flag.example_id, []).append(flag)
        return found

    def _nearest_shown(self, format: Format, batch: Sequence[Checkable]) -> dict[int, Neighbour]:
        """Example -> the one most like it of those that its prompt showed; their answers alone count as well."""
        asked = {each.id: shots for each in batch if (shots := _few_shot(each.metadata))}
        unknown = {shot for shots in asked.values() for shot in shots} - self._shown.keys()
        for example in self._database.get_examples_by_id(sorted(unknown)):
            self._shown[example.id] = _signs(format, example.content)
        found = {}
        for each in batch:
            known = [shot for shot in asked.get(each.id, ()) if shot in self._shown and shot != each.id]
            if known:
                signs = _signs(format, each.content)
                best, nearest = max((_likeness(signs, self._shown[shot]), -shot) for shot in known)
                found[each.id] = Neighbour(-nearest, best)
        return found


def _few_shot(metadata: JsonObject) -> list[int]:
    shots = metadata.get("few_shot")
    return [shot for shot in shots if isinstance(shot, int)] if isinstance(shots, list) else []


def _signs(format: Format, content: JsonObject) -> tuple[str, str]:
    whole, answer = (
        signs_of(words_of(compared_text(format, content, what))) for what in (Compared.WHOLE, Compared.RESPONSE)
    )
    return whole, answer


def _likeness(one: tuple[str, str], other: tuple[str, str]) -> float:
    whole = similarity_of(one[0], other[0])
    return whole if len(one[1]) < FEWEST_WORDS else max(whole, similarity_of(one[1], other[1]))


def _to_flag(finding: Finding) -> NewFlag:
    has_span = finding.end > finding.start
    start, end = (finding.start, finding.end) if has_span else (None, None)
    return NewFlag(finding.rule, finding.severity, finding.message, finding.field, start, end, SOURCE)
