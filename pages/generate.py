"""Generate: choose a domain, a subdomain and the settings; look at the prompt and a trial; start; watch it happen."""

import streamlit as st

from pages.ui import session
from pages.ui.gate import require_role
from pages.ui.generation import draw_estimate, preview, settings_form
from pages.ui.jobs import job_panel
from pages.ui.shell import page_head, reporting, require_shell, show_error, workspace
from pages.ui.words import as_id
from synthgen_core.access import Role
from synthgen_core.actions.generation import GenerationRequest, start_generation
from synthgen_core.actions.jobs import get_active_tasks
from synthgen_core.domains import Domain
from synthgen_core.errors import NotFoundError, SynthGenError
from synthgen_core.workspace import Workspace

CARD_HEIGHT, SMALL_CARD_HEIGHT = 152, 150


def card(key: str, title: str, text: str, icon: str, height: int, *choice: str) -> None:
    """One thing to choose; the whole card is the button."""
    with st.container(border=True, height=height, key=f"card-{key}", gap="xsmall"):
        st.markdown(f"{icon} **{title}**".strip())
        st.caption(text)
        st.button(title, key=f"pick-{key}", on_click=session.choose, args=choice)


def choose_domain(place: Workspace) -> None:
    """The twelve domains, and a user's own."""
    st.markdown("##### What is the dataset about?")
    with st.grid(4, min_column_width=200):
        for domain in place.catalogue:
            card(domain.slug, domain.name, domain.summary, f":material/{domain.icon}:", CARD_HEIGHT, domain.slug)


def first_sentence(text: str) -> str:
    """A text up to its first full stop."""
    return text.split(". ")[0].rstrip(".") + "."


def choose_subdomain(domain: Domain) -> None:
    """The fields of a domain."""
    st.markdown("##### Which field of it?")
    with st.grid(3, min_column_width=240):
        for subdomain in domain.subdomains:
            card(
                subdomain.slug,
                subdomain.name,
                first_sentence(subdomain.description),
                "",
                SMALL_CARD_HEIGHT,
                domain.slug,
                subdomain.slug,
            )


def trail(domain: Domain, subdomain_name: str | None) -> None:
    """Where the wizard stands; each earlier step leads back to it."""
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
        st.button("Domains", key="to_domains", type="tertiary", on_click=session.choose)
        st.markdown(":gray[›]", width="content")
        st.button(
            domain.name,
            key="to_subdomains",
            type="tertiary",
            on_click=session.choose,
            args=(domain.slug,),
            disabled=subdomain_name is None,
        )
        if subdomain_name:
            st.markdown(":gray[›]", width="content")
            st.button(subdomain_name, key="to_settings", type="tertiary", disabled=True)


@st.cache_resource(max_entries=100, show_spinner=False)
def start_once(_place: Workspace, _request: GenerationRequest, draft: str) -> int:
    """Start the run of this draft; returns its job's id. Streamlit runs the callbacks of quick presses at the same
    time, and drops all but the last one's state: they wait here for the first, and get the same job."""
    return start_generation(_place, _request).id


def start(place: Workspace, request: GenerationRequest, draft: str) -> None:
    """Start the run once, however often the button was pressed, and show it."""
    try:
        job_id = start_once(place, request, draft)
    except SynthGenError as error:
        session.set_problem(error)
        return
    session.watch_job(job_id)
    session.note_start()
    st.query_params["job"] = str(job_id)
    st.toast("Generation started.", icon=":material/bolt:")


def is_at_work(place: Workspace, job_id: int | None) -> bool:
    """Whether this job waits or runs; one that ended is not shown again unless it is asked for."""
    return job_id is not None and any(view.job.id == job_id for view in get_active_tasks(place))


def leave_job() -> None:
    """Back from a run to the wizard, with the same choices."""
    session.watch_job(None)
    st.query_params.clear()


def wizard(place: Workspace) -> None:
    """The step that the choices so far lead to."""
    domain = subdomain = None
    if slug := session.chosen_domain():
        domain = place.catalogue.domain(slug)
        subdomain = domain.subdomain(session.chosen_subdomain() or "") if session.chosen_subdomain() else None
    if domain:
        trail(domain, subdomain.name if subdomain else None)
    if problem := session.take_problem():
        show_error(problem)
    if domain is None:
        choose_domain(place)
    elif subdomain is None:
        choose_subdomain(domain)
    else:
        left, right = st.columns([2, 3], gap="large")
        request = None
        with left, reporting():
            st.caption(first_sentence(subdomain.description))
            request = settings_form(place, domain, subdomain)
            if request is not None:
                st.button(
                    f"Generate {request.num_examples:,}",
                    type="primary",
                    icon=":material/bolt:",
                    width="stretch",
                    on_click=start,
                    args=(place, request, session.draft()),
                )
                draw_estimate(place, request)
        if request is not None:
            with right:
                preview(place, request)


def watch(place: Workspace, job_id: int) -> None:
    """A run, while it happens and after."""
    notice = st.container()
    with reporting():
        job_panel(place, job_id)
    if problem := session.take_problem():  # last: the panel may have asked for another run
        with notice:
            show_error(problem)


require_shell()
here = workspace()
asked = as_id(st.query_params.get("job", ""))
if asked is not None:
    session.watch_job(asked)
elif not session.has_just_started() and not is_at_work(here, session.watched_job()):
    session.watch_job(None)
with page_head("Generate"):
    if session.watched_job() is not None:
        st.button("New dataset", icon=":material/add:", on_click=leave_job)
if (watched := session.watched_job()) is not None:
    st.query_params["job"] = str(watched)
    watch(here, watched)
else:
    require_role(here, Role.ADMIN)
    try:
        wizard(here)
    except NotFoundError:
        session.choose()
        st.rerun()
