"""Plans of review on the Quality page: what is to be known, the sample that it takes, and what that has shown."""

import streamlit as st

from pages.ui.author import author_name
from pages.ui.figures import Form, figure_text
from pages.ui.opening import open_sample
from pages.ui.words import ago, as_label, draw_error, plural
from synthgen_core.actions.review_plans import PlanState, get_plans, in_percent, plan_review, plan_size, reason_for
from synthgen_core.errors import ConfigError
from synthgen_core.models import Dataset
from synthgen_core.reviewing import Aim
from synthgen_core.workspace import Workspace

AIMS = {Aim.ESTIMATE: "How many are bad", Aim.SHOW: "That few are bad"}
USUAL = {Aim.ESTIMATE: 5.0, Aim.SHOW: 2.0}
"""Per cent."""


def plans_view(place: Workspace, dataset: Dataset) -> None:
    """A new plan, and those that there are."""
    left, right = st.columns([2, 3])
    with left:
        _draw_new(place, dataset)
    with right:
        plans = get_plans(place, dataset.id)
        if not plans:
            with st.container(border=True):
                st.markdown("**No plan yet**")
                st.caption(
                    "Reading some examples at random, and all that were drawn, tells how good the rest is. Without a "
                    "plan, people read what catches the eye and stop when they have seen enough: that tells little."
                )
        for state in plans:
            _draw_plan(dataset, state)


def _draw_new(place: Workspace, dataset: Dataset) -> None:
    with st.container(border=True, gap="small"):
        st.markdown("**New plan**")
        if not dataset.example_count:
            st.caption("This dataset has no active examples.")
            return
        aim = st.segmented_control(
            "What is to be known",
            list(AIMS),
            default=Aim.ESTIMATE,
            required=True,
            format_func=AIMS.__getitem__,
            key="plan-aim",
        )
        aim = Aim(aim or Aim.ESTIMATE)
        percent = st.number_input(
            "Within ± per cent" if aim is Aim.ESTIMATE else "At most so many per cent",
            0.1,
            50.0,
            USUAL[aim],
            0.5,
            "%.1f",
            key=f"plan-percent-{aim}",
            help="With 95 % confidence. A defect is an example that people reject.",
        )
        share = percent / 100
        asked = {"within": share} if aim is Aim.ESTIMATE else {"at_most": share}
        size = plan_size(dataset.example_count, **asked)
        st.markdown(f"**{plural(size, 'example')} to read**")
        st.caption(as_label(reason_for(aim, share, size, dataset.example_count)))
        if st.button("Draw the sample", key="plan-draw", type="primary", icon=":material/casino:"):
            try:
                plan_review(place, dataset.id, author=author_name(), **asked)
            except ConfigError as error:
                draw_error(error.message, error.hint)
                return
            st.rerun()


def _draw_plan(dataset: Dataset, state: PlanState) -> None:
    plan, counts, estimate = state.plan, state.counts, state.estimate
    target = in_percent(plan.target)
    title = f"Defect rate to ± {target}" if plan.aim is Aim.ESTIMATE else f"Defect rate at most {target}"
    with st.container(border=True, gap="small"):
        with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
            st.markdown(f"**{title}**", width="content")
            if state.verdict.startswith("Not shown"):
                st.badge("not shown", icon=":material/close:", color="red")
            elif state.verdict:
                st.badge("complete", icon=":material/check:", color="green")
            else:
                st.badge("provisional", icon=":material/hourglass_top:", color="orange")
            label, icon = ("Review", "rate_review") if counts.open else ("See them", "visibility")
            if st.button(label, key=f"plan-review-{plan.id}", icon=f":material/{icon}:"):
                open_sample(dataset.id, plan.sample_id, is_open=counts.open > 0)
        looked_at = plan.size - counts.open
        st.progress(looked_at / plan.size, text=f"{looked_at:,} of {plan.size:,} read")
        said = ", ".join(
            f"{count:,} {word}"
            for word, count in (
                ("accepted", counts.accepted),
                ("rejected", counts.rejected),
                ("skipped", counts.skipped),
                ("disputed", counts.disputed),
            )
            if count
        )
        if said:
            rate, so_far = as_label(figure_text(estimate.rate, Form.SHARE)), "" if state.verdict else " so far"
            st.markdown(f"Rejected{so_far}: **{rate}** :gray[n = {estimate.rate.n:,}; {said}]")
        if state.verdict:
            st.markdown(as_label(state.verdict))
        if state.caution:
            st.caption(f":material/warning: {as_label(state.caution)}")
        st.caption(
            f"{as_label(state.reasoning)} Seed {plan.seed}, drawn {ago(plan.created_at)}"
            + (f" by {as_label(plan.author)}." if plan.author else ".")
        )
