"""What a job was started with, on demand: everything but its key, which is kept nowhere."""

import streamlit as st

from pages.ui.words import as_label
from synthgen_core.models import Job, Json

NAMES = {
    "num_examples": "Examples",
    "format_type": "Format",
    "workers": "Calls at a time",
    "method": "Way of making",
    "few_shot_from": "Approved examples of dataset",
    "few_shot": "Approved examples in a prompt",
    "use_cache": "Uses paid replies again",
    "use_batch": "In batches",
    "max_cost": "Budget in dollars",
    "max_tokens_total": "Budget in tokens",
    "base_url": "Address",
    "type": "Provider",
}


def draw_job_details(job: Job) -> None:
    """A button that shows the parameters."""
    with st.popover("Details", icon=":material/info:", key=f"details{job.id}"):
        facts = [*_facts(job.parameters), ("Began", _moment(job.started_at)), ("Ended", _moment(job.completed_at))]
        st.markdown(
            "  \n".join(f":gray[{as_label(name)}] {as_label(' '.join(value.split()))}" for name, value in facts)
        )


def _facts(values: dict[str, Json], whose: str = "") -> list[tuple[str, str]]:
    """Name and value of all that is set; a group, such as a provider, line by line."""
    facts: list[tuple[str, str]] = []
    for name, value in values.items():
        said = f"{whose}{NAMES.get(name, name.replace('_', ' '))}"
        if name == "sources" and isinstance(value, list):  # of an import: their paths are nobody's business
            facts.append(("files", ", ".join(str(source["label"]) for source in value if isinstance(source, dict))))
        elif isinstance(value, dict):
            facts += _facts(value, "" if name == "provider" else f"{name.partition('_')[0]}: ")
        elif isinstance(value, bool):
            facts.append((said, "yes" if value else "no"))
        elif value is not None and value != "" and not isinstance(value, list):
            facts.append((said, f"{value:,}" if isinstance(value, int) and name != "seed" else str(value)))
    return [(name[0].upper() + name[1:], value) for name, value in facts]


def _moment(at: object) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S} UTC" if at else "not yet"
