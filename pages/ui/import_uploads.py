"""Taking files in for an import. The page's address names them, so that a reload of the page finds them again."""

from collections.abc import Sequence

import streamlit as st

from pages.ui import session, session_datasets
from pages.ui.words import as_label, file_size
from synthgen_core.actions.import_files import Source, find_upload, forget_upload, keep_upload
from synthgen_core.errors import SynthGenError
from synthgen_core.workspace import Workspace


def most_upload_mb(place: Workspace) -> int:
    """What an upload may have at most, in megabytes: the server's limit, or that of imports."""
    return min(place.settings.import_max_file_mb, int(st.get_option("server.maxUploadSize")))


def upload_field(place: Workspace, label: str) -> None:
    """The field for uploads; what comes is kept, and the page is drawn anew with it."""
    came = st.file_uploader(
        label,
        accept_multiple_files=True,
        key=f"upload_{session_datasets.upload_round()}",
        max_upload_size=most_upload_mb(place),
        label_visibility="collapsed",
    )
    if not came:
        return
    kept = chosen_files(place)
    with st.spinner("Keeping the files …"):
        for upload in came:
            try:
                kept.append(keep_upload(place, upload.name, upload))
            except SynthGenError as error:
                session.add_problem(error)
    session_datasets.next_upload_round()
    choose_files(kept)
    st.rerun()


def chosen_files(place: Workspace) -> list[Source]:
    """The uploads that the address names. One that is gone is left out, and the page told why."""
    known, found = session_datasets.uploads(), {}
    for token, label in zip(st.query_params.get_all("file"), st.query_params.get_all("label"), strict=False):
        try:
            found[token] = known.get(token) or find_upload(place, token, label)
        except SynthGenError as error:
            session.add_problem(error)
    session_datasets.set_uploads(found)
    return list(found.values())


def choose_files(sources: Sequence[Source]) -> None:
    """Have the address name these files, and nothing else."""
    session_datasets.set_uploads({source.token: source for source in sources})
    named = {"file": [source.token for source in sources], "label": [source.label for source in sources]}
    st.query_params.from_dict(named)


def file_list(place: Workspace, sources: Sequence[Source]) -> None:
    """The chosen files; each can be left out, and others added."""
    for source in sources:
        with st.container(horizontal=True, vertical_alignment="center"):
            size = file_size(source.facts.size)
            st.markdown(f":material/draft: **{as_label(source.label)}** :gray[{size}]", width="stretch")
            st.button(
                "",
                help="Leave this file out",
                key=f"leave_out_{source.token}",
                type="tertiary",
                icon=":material/close:",
                on_click=_leave_out,
                args=(sources, source),
            )
    with st.expander("Add more files", icon=":material/add:"):
        upload_field(place, "More files")


def _leave_out(sources: Sequence[Source], source: Source) -> None:
    forget_upload(source)
    choose_files([other for other in sources if other != source])
