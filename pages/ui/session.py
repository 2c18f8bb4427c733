"""Session state: every key behind a named function. It holds ids, drafts, wizard steps and typed keys, nothing else."""

import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import streamlit as st

from synthgen_core.actions.settings import Key, chosen_config
from synthgen_core.errors import SynthGenError
from synthgen_core.models import BulkChange, ProviderConfig
from synthgen_core.workspace import Workspace

IMPATIENT_SECONDS = 2.0
TASKS_VIEW, CALLS_JOB = "view", "calls_job"
"""Keys of widgets of the Tasks page: which tab is open, and the job whose calls are shown."""
CALLS_PROVIDER, CALLS_MODEL, CALLS_SPAN, CALLS_OUTCOME = "calls_provider", "calls_model", "calls_span", "calls_outcome"
"""Keys of the other filters there."""
DATASET_TAB, EXAMPLES_PAGE = "tab", "page"
"""Keys of widgets of a dataset's page, and what they are called in its address."""
REVIEW_DATASET, REVIEW_COLUMNS = "review-dataset", "review-columns"
"""Keys of widgets of the Review page: what is reviewed, and which columns the grid has."""
QUALITY_DATASET, QUALITY_PART = "quality-dataset", "part"
"""Keys of widgets of the Quality page: what is measured, and which part of it is shown."""
RUBRIC_EDITED, RUBRIC_JUDGED, RUBRIC_COMPARED = "rubric-edited", "rubric-judged", "rubric-compared"
"""Keys of widgets there: the rubric that is edited, judged by, compared by."""
JUDGE_SECTION = "judge-section"
"""Key of the choice of what the part “Judge” shows."""
ANONYMOUS = "reviewer"
"""Who makes a change, until somebody gives a name."""


def enter_shell() -> None:
    """Called by ``streamlit_app.py`` before a page runs."""
    st.session_state["_shell"] = True


def is_in_shell() -> bool:
    """Whether the page runs inside ``streamlit_app.py``."""
    return bool(st.session_state.get("_shell"))


def chosen_domain() -> str | None:
    """Slug of the domain chosen on the Generate page."""
    return st.session_state.get("_domain")


def chosen_subdomain() -> str | None:
    """Slug of the subdomain chosen there."""
    return st.session_state.get("_subdomain")


def choose(domain: str | None = None, subdomain: str | None = None) -> None:
    """Go to a step of the wizard: nothing chosen, a domain, or both."""
    st.session_state["_domain"], st.session_state["_subdomain"] = domain, subdomain
    st.session_state.pop("_trial", None)
    st.session_state.pop("_problem", None)


def watched_job() -> int | None:
    """The job that the Generate page shows."""
    return st.session_state.get("_job")


def watch_job(job_id: int | None) -> None:
    """Show this job on the Generate page, or none: then a new draft begins."""
    st.session_state["_job"] = job_id
    if job_id is None:
        st.session_state.pop("_draft", None)


def draft() -> str:
    """A mark of the run that is being prepared, for as long as it has not been started."""
    if "_draft" not in st.session_state:
        st.session_state["_draft"] = uuid.uuid4().hex
    return str(st.session_state["_draft"])


def note_start() -> None:
    """Called when a run was started."""
    st.session_state["_started_at"] = time.monotonic()


def has_just_started() -> bool:
    """Whether a run was started a moment ago: a press that comes now may still be meant for the page before."""
    return time.monotonic() - st.session_state.get("_started_at", -IMPATIENT_SECONDS) < IMPATIENT_SECONDS


def set_problem(error: SynthGenError | None) -> None:
    """Keep what went wrong in a callback, for the page to show."""
    st.session_state["_problem"] = error


def take_problem() -> SynthGenError | None:
    """What went wrong in a callback; shown once."""
    return st.session_state.pop("_problem", None)


def add_problem(error: SynthGenError) -> None:
    """Keep one of several things that went wrong, for the page to show."""
    st.session_state["_problems"] = [*st.session_state.get("_problems", []), error]


def take_problems() -> list[SynthGenError]:
    """All that went wrong in callbacks; each is shown once."""
    last = take_problem()
    return [*st.session_state.pop("_problems", []), *([last] if last else [])]


def set_trial(trial: object) -> None:
    """Keep the trial example that was made last."""
    st.session_state["_trial"] = trial


def trial() -> object:
    """The trial example that was made last, or None."""
    return st.session_state.get("_trial")


def ask_for_whole_page() -> None:
    """Called where a button in a polled panel was pressed: more than the panel has changed."""
    st.session_state["_whole_page"] = True


def takes_whole_page() -> bool:
    """Whether somebody asked for the whole page; told once."""
    return bool(st.session_state.pop("_whole_page", False))


def keys() -> dict[str, Key]:
    """The keys that were typed in this session, by provider. They are in memory only."""
    return dict(st.session_state.get("_keys", {}))


def set_key(provider_type: str, key: Key | None) -> None:
    """Keep a key for this session, or forget it."""
    st.session_state["_keys"] = {
        name: held for name, held in {**keys(), provider_type: key}.items() if held is not None
    }


def provider_config(place: Workspace, provider_type: str, base_url: str = "") -> ProviderConfig:
    """The provider as this session would use it: as it was set up, and with the key that was typed here."""
    return chosen_config(place.settings, provider_type, keys().get(provider_type), base_url=base_url)


def follow(widget: str, default: str) -> None:
    """Called before a field that remembers what was typed: it forgets that once its default has become another."""
    if st.session_state.get(f"_default_{widget}", default) != default:
        st.session_state.pop(widget, None)
    st.session_state[f"_default_{widget}"] = default


def set_greeting(provider_type: str, greeting: object) -> None:
    """Keep what came of a provider's test."""
    st.session_state["_greetings"] = {**st.session_state.get("_greetings", {}), provider_type: greeting}


def greeting(provider_type: str) -> object:
    """What came of a provider's last test, or None."""
    return st.session_state.get("_greetings", {}).get(provider_type)


def show_calls(job_id: int) -> None:
    """Show all calls of this job on the Tasks page. For a callback."""
    for key in (CALLS_PROVIDER, CALLS_MODEL, CALLS_SPAN, CALLS_OUTCOME):
        st.session_state.pop(key, None)
    st.session_state[TASKS_VIEW], st.session_state[CALLS_JOB] = "Calls", job_id


def asked_job() -> int | None:
    """The job whose calls are shown: the one that was chosen, or, as the page opens, the one that its address names."""
    if CALLS_JOB not in st.session_state:
        asked = st.query_params.get("job", "")
        st.session_state[CALLS_JOB] = int(asked) if asked.isascii() and asked.isdecimal() and len(asked) < 10 else None
    job_id: int | None = st.session_state[CALLS_JOB]
    return job_id


def forget_asked_job() -> None:
    """There is no such job. Called before the page draws the choice."""
    st.session_state[CALLS_JOB] = None


def link_to_calls(job_id: int | None) -> None:
    """Keep the page's address in step with the job whose calls are shown."""
    if job_id is None:
        st.query_params.pop("job", None)
    else:
        st.query_params["job"] = str(job_id)


def author() -> str:
    """Who makes the changes of this session."""
    return str(st.session_state.get("_author", ANONYMOUS))


def set_author(name: str) -> None:
    """Remember the name for the next change."""
    st.session_state["_author"] = name


def enter_page(path: str) -> None:
    """Called before a page runs: on another page, it does not matter which dataset was shown."""
    if st.session_state.get("_page") != path:
        st.session_state.pop("_dataset", None)
    st.session_state["_page"] = path


def open_part(name: str) -> None:
    """Show this part of the Quality page. For a callback."""
    st.session_state[QUALITY_PART] = name


def default_rubric(key: str, hashes: Sequence[str]) -> None:
    """Called before a choice of rubrics: it begins with the one that this session saved last, if it saved any."""
    wanted = st.session_state.get("_rubric")
    if st.session_state.get(key) not in hashes or st.session_state.pop(f"_new_{key}", False):
        st.session_state[key] = wanted if wanted in hashes else hashes[0]


def use_rubric(hash: str) -> None:
    """From now on the choices of rubrics offer this one first."""
    st.session_state["_rubric"] = hash
    for key in (RUBRIC_EDITED, RUBRIC_JUDGED, RUBRIC_COMPARED):
        st.session_state[f"_new_{key}"] = True


def keep_address(dataset_id: int) -> None:
    """Keep the page's address in step with the dataset that is shown: a link from one dataset to another leads to the
    same page, and there Streamlit leaves the address as it was."""
    if st.session_state.get("_dataset", dataset_id) != dataset_id:
        st.query_params["dataset"] = str(dataset_id)
    st.session_state["_dataset"] = dataset_id


def restart(pages: str, listed: object) -> None:
    """Called before a choice of pages: a list of something else begins at its first page."""
    mark = f"_listed_{pages}"
    if st.session_state.get(mark, listed) != listed:
        st.session_state[pages] = 1
    st.session_state[mark] = listed


def filter_key(form: str, field: str) -> str:
    """The key of a field of a filter form."""
    return f"filter_{form}_{field}"


def filter_value(form: str, field: str) -> Any:
    """What was chosen in a field of a filter form, shown at the moment or not; None: nothing."""
    return st.session_state.get(filter_key(form, field))


def filter_parameters(form: str) -> dict[str, str]:
    """The drawn parameters that were chosen in a filter form, by name."""
    start = filter_key(form, "parameter_")
    chosen = {str(key)[len(start) :]: value for key, value in st.session_state.items() if str(key).startswith(start)}
    return {name: str(value) for name, value in chosen.items() if value is not None}


def clear_filters(form: str) -> None:
    """Choose nothing in a filter form. For a callback."""
    start = filter_key(form, "")
    for key in [key for key in st.session_state if str(key).startswith(start)]:
        del st.session_state[key]


def set_filters(form: str, values: Mapping[str, object]) -> None:
    """Choose these in a filter form that another page draws, by field, and nothing else."""
    clear_filters(form)
    for field, value in values.items():
        st.session_state[filter_key(form, field)] = value


def review_verdict_key(dataset_id: int) -> str:
    """Key of the choice of a verdict on the Review page."""
    return f"review-verdict-{dataset_id}"


def set_undoable(told: str, change: BulkChange | None) -> None:
    """Keep what was done last, in words, for the page to offer its undoing; None: nothing."""
    st.session_state["_undoable"] = None if change is None else (told, change)


def undoable() -> tuple[str, BulkChange] | None:
    """What was done last, in words, and how it is undone."""
    kept: tuple[str, BulkChange] | None = st.session_state.get("_undoable")
    return kept


def set_export(request: object, download: object) -> None:
    """Keep the export that was written last, and what it was asked to be."""
    st.session_state["_export"] = (request, download)


def export_of(request: object) -> object:
    """The export that was written last, if it was asked to be this; else None."""
    asked, download = st.session_state.get("_export", (None, None))
    return download if asked == request else None


def mark_of_session(kept: str = "") -> str:
    """A mark of this session: what is done in it can be undone in it. ``kept``: the one that the browser's tab has from
    before it was loaded anew; empty: none."""
    if kept or "_session" not in st.session_state:
        st.session_state["_session"] = kept or uuid.uuid4().hex
    return str(st.session_state["_session"])


def desk(dataset_id: int, make: Callable[[int], Any]) -> Any:
    """What this session has before it of a dataset under review; made at first."""
    desks: dict[int, Any] = st.session_state.setdefault("_desks", {})
    desks[dataset_id] = found = desks.pop(dataset_id, None) or make(dataset_id)
    return found


def looked_at(dataset_id: int) -> None:
    """A page is about this dataset: another page that is about one begins with it."""
    st.session_state["_looked_at"] = dataset_id


def last_looked_at() -> int | None:
    """The dataset that this session looked at last."""
    return st.session_state.get("_looked_at")


def told_by(component: str) -> Any:
    """The value of a component of the page, as it is before it is drawn."""
    return st.session_state.get(component) if component else None


def kept_pass() -> str:
    """The pass that this session got for a password; empty: none yet, or it was given back."""
    return str(st.session_state.get("_pass") or "")


def keep_pass(text: str) -> None:
    """Go by this pass from now on; empty: by none, and not by that of the browser either."""
    st.session_state["_pass"] = text


def has_left() -> bool:
    """Whether somebody signed out in this session, and nobody came in since."""
    return st.session_state.get("_pass") == ""
