"""Settings: which models can write, how they are reached, and what the app itself goes by."""

import streamlit as st

from pages.ui import session
from pages.ui.gate import require_role
from pages.ui.settings_checks import forget_checks
from pages.ui.settings_providers import provider_cards
from pages.ui.settings_system import system_settings
from pages.ui.shell import page_head, reporting, require_shell, show_error, workspace
from synthgen_core.access import Role

require_shell()
here = workspace()
require_role(here, Role.ADMIN)
with page_head("Settings"):
    st.button("Check again", icon=":material/refresh:", on_click=forget_checks)
notice = st.container()
st.markdown("##### Models")
st.caption("A key that you type stays in the memory of this session. Models and addresses are kept, for everybody.")
with reporting():
    provider_cards(here)
st.markdown("##### System")
with reporting():
    system_settings(here)
if problem := session.take_problem():  # last: the cards may have asked for another run
    with notice:
        show_error(problem)
