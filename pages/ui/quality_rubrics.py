"""Rubrics on the Quality page: chosen, looked at, and edited into a next version."""

import pandas as pd
import streamlit as st

from pages.ui import session
from pages.ui.author import author_field
from pages.ui.shell import reporting
from pages.ui.words import ago, as_label
from synthgen_core.actions.rubrics import STANDARD, KeptRubric, get_rubrics, save_rubric
from synthgen_core.judging.rubric import LONGEST_TEXT
from synthgen_core.workspace import Workspace

KEEP = "session"
SHOWN_DIGITS = 8
"""Of a rubric's hash."""
COLUMNS = ("label", "question", "weight")
ROW_HEIGHT, HEAD_HEIGHT, MOST_HEIGHT = 64, 74, 470


def rubric_picker(place: Workspace, key: str) -> KeptRubric:
    """Which rubric is judged by, with what it looks at."""
    kept = {each.hash: each for each in get_rubrics(place)}
    session.default_rubric(key, list(kept))
    chosen = st.selectbox(
        "Rubric",
        list(kept),
        format_func=lambda hash: kept[hash].title,
        key=key,
        persist_state=KEEP,
        help="What the judge looks at, and how much each counts. To change one, see “Rubrics”.",
    )
    rubric = kept[chosen]
    st.caption(as_label(", ".join(criterion.label for criterion in rubric.rubric.criteria)) + f" · `{short(rubric)}`")
    return rubric


def short(rubric: KeptRubric) -> str:
    """The beginning of its hash, under which judgements name it."""
    return rubric.hash[:SHOWN_DIGITS]


def rubrics_section(place: Workspace) -> None:
    """Look at a rubric, change it, save it as a new version."""
    kept = {each.hash: each for each in get_rubrics(place)}
    session.default_rubric(session.RUBRIC_EDITED, list(kept))
    with st.container(border=True):
        left, right = st.columns([2, 3], vertical_alignment="bottom", gap="medium")
        with left:
            chosen = st.selectbox(
                "Begin with", list(kept), format_func=lambda hash: kept[hash].title, key=session.RUBRIC_EDITED
            )
        base = kept[chosen]
        with right:
            st.caption(_origin(base))
        rows = pd.DataFrame([[c.label, c.question, c.weight] for c in base.rubric.criteria], columns=list(COLUMNS))
        edited = st.data_editor(
            rows,
            key=f"rubric-rows-{base.hash}",
            num_rows="dynamic",
            hide_index=True,
            row_height=ROW_HEIGHT,
            height=min(MOST_HEIGHT, ROW_HEIGHT * len(rows) + HEAD_HEIGHT),
            column_config={
                "label": st.column_config.TextColumn("Criterion", width="medium", required=True),
                "question": st.column_config.TextColumn(
                    "What the judge asks itself, and what makes a high and a low score",
                    width="large",
                    required=True,
                    max_chars=LONGEST_TEXT,
                ),
                "weight": st.column_config.NumberColumn(
                    "Weight", width="small", min_value=0, max_value=100, default=1.0, help="0: scored, but not counted."
                ),
            },
        )
        notes = st.text_area(
            "What else the judge should know",
            base.rubric.notes,
            key=f"rubric-notes-{base.hash}",
            max_chars=LONGEST_TEXT,
            height=90,
            placeholder="What the dataset is for, house rules, what does not matter",
        )
        _draw_saving(place, base, edited, notes)


def _draw_saving(place: Workspace, base: KeptRubric, edited: pd.DataFrame, notes: str) -> None:
    name_field, author, save = st.columns([3, 3, 2], vertical_alignment="bottom", gap="medium")
    name = name_field.text_input("Name", base.name, key=f"rubric-name-{base.hash}", max_chars=80)
    with author:
        by = author_field()
    if save.button("Save as a new version", icon=":material/save:", type="primary", width="stretch", key="rubric-save"):
        with reporting():
            known = {each.hash for each in get_rubrics(place)}
            saved = save_rubric(place, name, _criteria(base, edited), notes, by)
            if saved.hash in known:
                st.info(f"“{as_label(saved.title)}” says exactly this; nothing was saved.", icon=":material/info:")
            else:
                session.use_rubric(saved.hash)
                st.toast(f"Saved as “{as_label(saved.title)}”.", icon=":material/check:")
                st.rerun()
    st.caption("A saved version never changes: every judgement says by which one it was made.")


def _criteria(base: KeptRubric, edited: pd.DataFrame) -> list[dict[str, object]]:
    """The rows as they were edited; a criterion whose label stayed keeps its name."""
    names = {criterion.label: criterion.name for criterion in base.rubric.criteria}
    rows = edited.astype(object).where(edited.notna(), None).to_dict("records")
    return [{str(key): value for key, value in row.items()} | {"name": names.get(row["label"])} for row in rows]


def _origin(rubric: KeptRubric) -> str:
    if rubric is STANDARD or rubric.created_at is None:
        return f"The criteria that come with the app · `{short(rubric)}`"
    by = f" by {as_label(rubric.author)}" if rubric.author else ""
    return f"Saved {ago(rubric.created_at)}{by} · `{short(rubric)}`"
