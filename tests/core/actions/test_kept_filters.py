"""A filter that a job was started with is the same when the job goes on."""

import orjson

from synthgen_core.actions.curation_requests import Filter, from_json, to_json
from synthgen_core.models import ExampleFilter, ExampleStatus, Origin, Range, Severity

MANY = ExampleFilter(
    statuses=(ExampleStatus.REMOVED,),
    ranges={"turns": Range(least=2, below=4)},
    criteria={"alignment": Range(most=5)},
    facts={"model": "m"},
    severity=Severity.ERROR,
    flags="any",
    judgement="failed",
)


def test_a_job_keeps_a_filter_whole() -> None:
    request = Filter(1, filter=MANY)
    assert from_json(Origin.FILTERED, orjson.loads(orjson.dumps(to_json(request)))) == request


def test_a_filter_that_an_older_version_kept_is_read() -> None:
    request = Filter(1, filter=ExampleFilter(tag="a"))
    kept = to_json(request)
    assert isinstance(kept["filter"], dict)
    for name in ("ranges", "criteria", "facts", "severity", "judgement"):
        del kept["filter"][name]
    assert from_json(Origin.FILTERED, kept) == request
