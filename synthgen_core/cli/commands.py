"""The table of commands. A command's module is loaded when it is called: none waits for what the others need."""

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Command:
    """A row of the table below."""

    name: str
    help: str
    module: str
    """Without the ``commands_`` before it."""
    run: str
    """The name of a function there that takes the parsed options and returns an exit code."""
    arguments: str = ""
    """The name of one that tells a parser what the command takes."""
    needs_data: bool = True

    def load(self, name: str) -> Callable[[Any], Any]:
        """A function of its module."""
        function: Callable[[Any], Any] = getattr(
            importlib.import_module(f"synthgen_core.cli.commands_{self.module}"), name
        )
        return function


COMMANDS = (
    Command("generate", "make a dataset", "generate", "generate", "generate_arguments"),
    Command("resume", "go on with a job that stopped short", "generate", "resume", "resume_arguments"),
    Command("import", "bring files in", "import", "import_files", "import_arguments"),
    Command("sample-data", "bring in the sample that comes with the app", "samples", "bring_in_sample"),
    Command("scan", "import what is new in the folder of datasets", "import", "scan"),
    Command(
        "export", "write a dataset for a trainer, after a look at what is lost", "export", "export", "export_arguments"
    ),
    Command("merge", "make one dataset of several", "curation", "merge", "merge_arguments"),
    Command("sample", "draw some examples into a new dataset", "curation", "sample", "sample_arguments"),
    Command("split", "divide a dataset for training, validation and testing", "curation", "split", "split_arguments"),
    Command("convert", "put a dataset into another format", "curation", "convert", "convert_arguments"),
    Command("dedupe", "make a dataset without its exact repeats", "curation", "dedupe", "dedupe_arguments"),
    Command(
        "rules",
        "flag and score a dataset's examples by rules, without a model",
        "checks",
        "check_rules",
        "rules_arguments",
    ),
    Command(
        "duplicates", "find examples that are nearly others again", "checks", "show_duplicates", "duplicates_arguments"
    ),
    Command("judge", "have a model score a dataset's examples", "quality", "judge", "judge_arguments"),
    Command(
        "quality",
        "judge a dataset, and make a new one with what is weak mended or removed",
        "quality",
        "improve_dataset",
        "quality_arguments",
    ),
    Command("compare", "have a model say which of two datasets is better", "compare", "compare", "compare_arguments"),
    Command("report", "write a report on a dataset's quality", "report", "write_report", "report_arguments"),
    Command("filter", "make a dataset of what matches", "curation", "filter_examples", "filter_arguments"),
    Command(
        "versions",
        "name the states of a dataset, compare them, bring one back",
        "versions",
        "versions",
        "versions_arguments",
    ),
    Command(
        "trash",
        "list what was deleted, bring it back, or take it away for good",
        "versions",
        "trash",
        "trash_arguments",
    ),
    Command(
        "review-plan",
        "draw the examples to read in order to know how many are bad",
        "review",
        "plan_review_of",
        "review_plan_arguments",
    ),
    Command(
        "review-progress", "say how far a review is", "review", "show_review_progress", "review_progress_arguments"
    ),
    Command("verify", "compare a dataset with its file and its exports", "export", "verify", "verify_arguments"),
    Command("datasets", "list the datasets", "lists", "list_datasets"),
    Command("jobs", "list the jobs", "lists", "list_jobs", "jobs_arguments"),
    Command("usage", "sum up calls, tokens and costs", "lists", "show_usage", "usage_arguments"),
    Command("domains", "list domains and subdomains", "lists", "list_domains", "domains_arguments"),
    Command("providers", "say which providers can write", "providers", "list_providers"),
    Command("models", "list a provider's models", "providers", "list_models", "models_arguments"),
    Command("serve", "start the app with the HTTP API", "serve", "serve", "serve_arguments"),
    Command("doctor", "say what is configured, reachable and writable", "lists", "doctor"),
)
