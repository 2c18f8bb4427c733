"""The dashboard: what there is, what happens now, what happened lately, and how this computer does."""

import plotly.express as px
import streamlit as st

from pages.ui.charts import draw_chart
from pages.ui.datasets import draw_dataset_rows
from pages.ui.first_run import draw_first_run
from pages.ui.gate import may
from pages.ui.jobs import counts, job_badge
from pages.ui.shell import page_head, reporting, require_shell, workspace
from pages.ui.words import ago, as_label, gibibytes, plural
from synthgen_core.access import Role
from synthgen_core.actions.overview import Overview, get_overview, get_system_status
from synthgen_core.actions.providers import choose_provider
from synthgen_core.system import Share
from synthgen_core.workspace import Workspace

CHART_HEIGHT_PER_BAR, CHART_HEIGHT = 34, 60


def totals(overview: Overview, all_domains: int) -> None:
    """The sums, over everything that is not in the trash."""
    values = overview.totals
    with st.grid(4):
        st.metric("Datasets", f"{values['datasets']:,}", border=True, icon=":material/database:")
        st.metric("Examples", f"{values['examples']:,}", border=True, icon=":material/forum:", help="Active ones.")
        st.metric("Domains used", f"{values['domains']} of {all_domains}", border=True, icon=":material/category:")
        st.metric("Jobs at work", f"{len(overview.active)}", border=True, icon=":material/sync:")


def domain_chart(overview: Overview) -> None:
    """Active examples by domain."""
    st.markdown("##### Examples by domain")
    shown = list(reversed(overview.domains))
    figure = px.bar(x=[size for _, _, size in shown], y=[name for name, _, _ in shown], orientation="h", text_auto=True)
    figure.update_traces(
        width=0.55, textposition="outside", cliponaxis=False, hovertemplate="%{y}: %{x:,} examples<extra></extra>"
    )
    height = CHART_HEIGHT + CHART_HEIGHT_PER_BAR * len(shown)
    draw_chart(figure, "by_domain", height=height, margin_r=45, xaxis_visible=False)
    st.caption(f"{overview.totals['examples']:,} active examples in {plural(overview.totals['datasets'], 'dataset')}.")


def activity(overview: Overview) -> None:
    """What runs, and what ended last."""
    st.markdown("##### Activity")
    if not (overview.active or overview.ended):
        st.caption("No job has run yet.")
    for view in [*overview.active, *overview.ended][:6]:
        with st.container(horizontal=True, vertical_alignment="center"):
            job_badge(view)
            with st.container(gap=None):
                st.markdown(as_label(view.title))
                st.caption(f"{counts(view)} · {ago(view.job.completed_at or view.job.created_at)}")


def system(place: Workspace) -> None:
    """Load, memory and disk, read just now, and the model that writes."""
    st.markdown("##### System")
    status = get_system_status(place)
    with st.container(border=True):
        load_bar("Processor", status.cpu, "all cores, last tenth of a second")
        for name, share in (("Memory", status.memory), ("Disk", status.disk)):
            load_bar(name, share.percent if share else None, _used(share))
        with reporting():
            choice = choose_provider(place.settings)
            st.markdown(f":material/smart_toy: Writes with **{choice.config.type}**, {as_label(choice.config.model)}")
            st.caption(as_label(choice.reason))


def _used(share: Share | None) -> str:
    return f"{gibibytes(share.used)} of {gibibytes(share.total)}" if share else ""


def load_bar(name: str, percent: float | None, basis: str) -> None:
    """One line of the system card."""
    if percent is None:
        st.markdown(f"{name}: not available")
    else:
        st.progress(min(1.0, percent / 100), text=f"{name} **{percent:.0f} %** :gray[{basis}]")


require_shell()
here = workspace()
now = get_overview(here)
is_empty = not now.totals["datasets"] and not now.active
with page_head("Dashboard"):
    if not is_empty and may(here, Role.ADMIN) and st.button("New dataset", type="primary", icon=":material/add:"):
        st.switch_page("pages/generate.py")
for problem in here.catalogue.problems:
    st.warning(as_label(str(problem)), icon=":material/warning:")
if is_empty and not may(here, Role.ADMIN):
    st.info("There is no dataset yet.", icon=":material/info:")
elif is_empty:
    draw_first_run(here)
else:
    totals(now, len(here.catalogue.domains))
left, right = st.columns([3, 2], gap="medium")
with left:
    if now.recent:
        st.markdown("##### Recent datasets")
        draw_dataset_rows(here, now.recent)
    activity(now)
with right:
    if now.domains:
        domain_chart(now)
    system(here)
