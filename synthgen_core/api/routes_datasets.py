"""Datasets and their examples: listed, looked into, brought in, taken out, changed."""

from collections.abc import Iterator
from http import HTTPStatus
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Query, UploadFile
from fastapi.responses import StreamingResponse

from synthgen_core.actions import curation, datasets, examples, imports, jobs, review_edit, trash
from synthgen_core.actions.curation_requests import Convert, Merge, Sample
from synthgen_core.actions.import_files import forget_upload, keep_upload
from synthgen_core.api.bodies import (
    ConvertRequest,
    DatasetBody,
    DatasetPage,
    ExampleBody,
    ExamplePage,
    ExampleUpdate,
    Id,
    JobBody,
    MergeRequest,
    SampleRequest,
)
from synthgen_core.api.place import Place, told
from synthgen_core.errors import SynthGenError
from synthgen_core.models import ExampleStatus
from synthgen_core.reviewing import Actor

router = APIRouter()
NAME = "api"
"""Who makes the changes that come in here, unless they say."""
BLOCK = 1 << 17
Limit = Annotated[int, Query(ge=1, le=1000)]
Offset = Annotated[int, Query(ge=0, le=2**31 - 1)]


@router.get("/datasets", tags=["datasets"])
def list_datasets(
    place: Place, domain: str = "", format: str = "", limit: Limit = 20, page: Annotated[int, Query(ge=1, le=10**6)] = 1
) -> DatasetPage:
    """Datasets, those changed last first."""
    found = datasets.get_datasets(place, domain or None, format or None, page=page, page_size=limit)
    return DatasetPage(total=found.total, datasets=[DatasetBody.model_validate(row) for row in found.rows])


@router.post("/datasets/upload", status_code=HTTPStatus.ACCEPTED, tags=["datasets"])
def upload_dataset(place: Place, file: UploadFile) -> JobBody:
    """Bring a file in (JSONL, JSON, CSV, Parquet). The job says how far it is, and then which dataset it made."""
    source = keep_upload(place, file.filename or "", file.file)
    try:
        return told(place, imports.start_import(place, [source]).id)
    except SynthGenError:
        forget_upload(source)
        raise


@router.get("/datasets/{dataset_id}", tags=["datasets"])
def get_dataset(place: Place, dataset_id: Id) -> DatasetBody:
    """One dataset."""
    return DatasetBody.model_validate(datasets.get_dataset_details(place, dataset_id))


@router.get("/datasets/{dataset_id}/examples", tags=["datasets"])
def list_examples(place: Place, dataset_id: Id, limit: Limit = 20, offset: Offset = 0) -> ExamplePage:
    """Active examples, in their order."""
    found = datasets.get_dataset_examples(place, dataset_id, limit, offset)
    total = datasets.count_examples(place, dataset_id)
    return ExamplePage(total=total, examples=[ExampleBody.model_validate(example) for example in found])


@router.delete("/datasets/{dataset_id}", status_code=HTTPStatus.NO_CONTENT, tags=["datasets"])
def delete_dataset(place: Place, dataset_id: Id) -> None:
    """Move a dataset to the trash, from where it can be restored."""
    trash.delete_dataset(place, dataset_id)


@router.get(
    "/datasets/{dataset_id}/download",
    tags=["datasets"],
    response_class=StreamingResponse,
    responses={200: {"content": {"application/x-ndjson": {"schema": {"type": "string"}}}}},
)
def download_dataset(place: Place, dataset_id: Id) -> StreamingResponse:
    """The dataset's JSONL file."""
    path = datasets.download_dataset(place, dataset_id)
    headers = {"Content-Disposition": f'attachment; filename="{path.name}"'}
    return StreamingResponse(_blocks(path), media_type="application/x-ndjson", headers=headers)


@router.get("/examples/{example_id}", tags=["examples"])
def get_example(place: Place, example_id: Id) -> ExampleBody:
    """One example."""
    return ExampleBody.model_validate(examples.get_example(place, example_id))


@router.put("/examples/{example_id}", tags=["examples"])
def update_example(place: Place, example_id: Id, body: ExampleUpdate) -> ExampleBody:
    """Change an example's content, as a new revision, or give it a person's score."""
    example, actor = examples.get_example(place, example_id), Actor(body.author, NAME)
    seen = body.revision or example.revision
    if body.content is not None:
        seen = review_edit.edit(place, example_id, body.content, seen_revision=seen, actor=actor).revision
    if body.quality_score is not None:
        review_edit.set_score(
            place, example.dataset_id, [example_id], body.quality_score, actor, seen={example_id: seen}
        )
    return ExampleBody.model_validate(examples.get_example(place, example_id))


@router.delete("/examples/{example_id}", status_code=HTTPStatus.NO_CONTENT, tags=["examples"])
def delete_example(place: Place, example_id: Id) -> None:
    """Remove an example: it counts no more, and can be brought back on its dataset's page."""
    example = examples.get_example(place, example_id)
    examples.set_status(place, example.dataset_id, [example_id], ExampleStatus.REMOVED, author=NAME)


@router.post("/utils/merge", status_code=HTTPStatus.ACCEPTED, tags=["utils"])
def merge_datasets(place: Place, body: MergeRequest) -> JobBody:
    """Make one dataset of several."""
    return told(place, curation.start(place, Merge(tuple(body.dataset_ids), body.name)).id)


@router.post("/utils/sample", status_code=HTTPStatus.ACCEPTED, tags=["utils"])
def sample_dataset(place: Place, body: SampleRequest) -> JobBody:
    """Draw examples by chance into a new dataset."""
    return told(place, curation.start(place, Sample(body.dataset_id, body.sample_size, body.name, body.seed)).id)


@router.post("/utils/convert", status_code=HTTPStatus.ACCEPTED, tags=["utils"])
def convert_dataset(place: Place, body: ConvertRequest) -> JobBody:
    """Put a dataset into another format, as a new dataset."""
    return told(place, curation.start(place, Convert(body.dataset_id, body.target_format, name=body.name)).id)


@router.get("/tasks/{job_id}/datasets", tags=["tasks"])
def list_results(place: Place, job_id: Id) -> list[DatasetBody]:
    """The datasets that an import, a merge, a sample or a conversion made."""
    jobs.get_job(place, job_id)
    return [DatasetBody.model_validate(made) for made in curation.get_results(place, job_id)]


def _blocks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            yield block
