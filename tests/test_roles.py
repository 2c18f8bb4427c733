"""Each public action says which role it takes, or is known as one that only reads: a new one forces a decision."""

import ast
import importlib
from collections.abc import Iterator

from synthgen_core.access import NEEDED, Role
from tests.test_architecture import ROOT, sources, tree

ACTIONS = ROOT / "synthgen_core" / "actions"
READERS = ("get_", "count_")
"""What an action's name begins with that only reads."""
READING = {
    "charts": "measure_charts related_datasets",
    "comparing": "estimate_comparison",
    "comparison_requests": "check_comparison check_room_for_pairs comparison_budget from_parameters",
    "coverage": "last_run measure plan_top_up read_coverage running_top_up",
    "curation": "preview wait_for_datasets",
    "curation_plans": "contents_of make_plan",
    "curation_requests": "check_request",
    "curation_runs": "converted",
    "datasets": "describe_dataset find_dataset",
    "diversity": "measure measured_datasets openings_of",
    "duplicate_search": "find_clusters",
    "duplicates": "latest_search search_state show_clusters stream_pairs",
    "estimate": "estimate",
    "export_files": "examples_of order_of",
    "export_plans": "draft_export plan_export",
    "exports": "list_exports",
    "generation": "preview_prompt",
    "import_files": "find_upload",
    "import_previews": "find_earlier",
    "jobs": "find_job latest_task",
    "judge_health": "measure_health",
    "measures": "measuring_job resume_measuring start_measuring",
    "prompting": "prompt_of",
    "quality_estimates": "estimate_quality",
    "quality_records": "quality_counters",
    "quality_requests": "budget_for check_budget check_request first_call from_parameters",
    "quality_runs": "chosen_examples known_before",
    "quality_state": "measure_overview",
    "report": "make_report report_file",
    "requests": "check_budget check_request datasets_with_approved from_parameters kept_config",
    "review": "neighbours position review_example review_page",
    "review_progress": "review_progress",
    "review_queues": "sample_estimate",
    "rubrics": "find_rubric",
    "rules": "rules_summary",
    "runs": "memory_of",
    "samples": "find_sample",
    "settings": "database_kind free_space with_key_for",
    "trust": "groupings",
    "usage": "cache_size",
    "verification": "find_export verify_dataset",
    "versions": "compare",
}
"""Module -> those of its actions that only read, or measure for whoever looks."""
INSIDE = {
    "batches": "open_batch_run",
    "comparison_runs": "compare_in_background",
    "export_files": "write_files",
    "import_runs": "import_in_background open_source",
    "quality_datasets": "make_improved",
    "runs": "run_in_background open_sides",
    "unpublished": "begin_unpublished take_away",
}
"""What actions call that were allowed: nobody else may import it."""
EXAMPLES = {
    Role.REVIEWER: "review_edit.decide duplicates.remove_twins rules.check_dataset versions.make_version "
    "exports.write_export datasets.download_dataset review_settings.set_guidelines rubrics.save_rubric",
    Role.ADMIN: "generation.start_generation trials.try_example imports.start_import curation.start "
    "quality.start_quality comparing.start_comparison improving.improve provider_states.say_hello "
    "trash.delete_dataset trash.restore_dataset trash.purge_trash versions.restore_version jobs.cancel_task "
    "jobs.resume_task jobs.delete_task usage.clear_cache samples.open_sample",
}
"""Some of what each role, and no lower one, may do."""


def actions() -> Iterator[str]:
    """``module.function`` of every public function of the package whose first argument is a workspace."""
    for path in sorted(ACTIONS.glob("*.py")):
        for node in tree(path).body:
            if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
                first = [*node.args.posonlyargs, *node.args.args][:1]
                if first and first[0].annotation and ast.unparse(first[0].annotation) == "Workspace":
                    yield f"{path.stem}.{node.name}"


def needed() -> dict[str, Role]:
    """What each action needs, as it declares itself."""
    for path in ACTIONS.glob("*.py"):
        importlib.import_module(f"synthgen_core.actions.{path.stem}")
    start = "synthgen_core.actions."
    return {name.removeprefix(start): role for name, role in NEEDED.items() if name.startswith(start)}


def listed(lists: dict[str, str]) -> set[str]:
    return {f"{module}.{name}" for module, names in lists.items() for name in names.split()}


def test_every_action_declares_its_role_or_is_known_to_read() -> None:
    found, declared, free = set(actions()), set(needed()), listed(READING) | listed(INSIDE)
    undecided = {name for name in found - declared - free if not name.partition(".")[2].startswith(READERS)}
    assert not undecided, f"say with @requires who may do this, or that it only reads: {undecided}"
    assert not declared & free, "listed here as free, and declares a role"
    assert not (declared | free) - found, "no action any more"


def test_what_actions_call_inside_is_called_by_nobody_else() -> None:
    inside = {tuple(name.split(".")) for name in listed(INSIDE)}
    for path in sources():
        if path.parent != ACTIONS:
            for node in ast.walk(tree(path)):
                if isinstance(node, ast.ImportFrom) and str(node.module).startswith("synthgen_core.actions."):
                    module = str(node.module).rpartition(".")[2]
                    assert not inside & {(module, alias.name) for alias in node.names}, path


def test_who_may_do_what() -> None:
    declared = needed()
    assert {name for name in EXAMPLES[Role.REVIEWER].split() if declared[name] is not Role.REVIEWER} == set()
    assert {name for name in EXAMPLES[Role.ADMIN].split() if declared[name] is not Role.ADMIN} == set()
    assert Role.VIEWER not in declared.values(), "everybody who is in may look"
