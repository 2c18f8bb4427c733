"""The commands about providers: the state of each, and the models that one of them lists."""

import argparse
from pathlib import Path

from synthgen_core.actions.provider_states import PATIENCE, Check, Condition, look_at
from synthgen_core.actions.providers import PROVIDERS, model_table
from synthgen_core.actions.settings import chosen_config, effective_settings
from synthgen_core.cli.output import DONE, FAILED, print_json, print_table
from synthgen_core.settings import Settings


def settings_of(options: argparse.Namespace) -> Settings:
    """The settings that hold for a command: the data folder can be named on the line."""
    folder = getattr(options, "data_dir", None)
    return effective_settings(data_dir=Path(folder).expanduser().resolve() if folder else None)


def list_providers(options: argparse.Namespace) -> int:
    """Every provider: whether it can write now, with which model, and what is wrong where it cannot."""
    settings = settings_of(options)
    configs = {name: chosen_config(settings, name) for name in PROVIDERS}
    models = model_table(settings)
    checks = {name: Check(config, models) for name, config in configs.items()}  # all at the same time
    states = {name: check.state(PATIENCE + 1) for name, check in checks.items()}
    if options.json:
        print_json(
            [
                {
                    "provider": name,
                    "state": state.condition.value.replace(" ", "_"),
                    "is_paid": PROVIDERS[name].is_paid,
                    "model": state.model,
                    "models": len(state.models),
                    "base_url": configs[name].base_url,
                    "has_key": bool(configs[name].api_key),
                    "error": str(state.error or ""),
                }
                for name, state in states.items()
            ]
        )
    else:
        print_table(
            ["provider", "state", "model", "models", "remark"],
            [
                [name, state.condition.value, state.model, len(state.models) or "", str(state.error or "")]
                for name, state in states.items()
            ],
        )
    return DONE if any(state.condition is Condition.READY for state in states.values()) else FAILED


def models_arguments(parser: argparse.ArgumentParser) -> None:
    """What ``models`` takes."""
    parser.add_argument("provider", help=", ".join(PROVIDERS))


def list_models(options: argparse.Namespace) -> int:
    """The models that a provider lists, one a line. Raises what keeps it from listing them."""
    settings = settings_of(options)
    state = look_at(chosen_config(settings, options.provider), model_table(settings))
    if state.error is not None and not state.models:
        raise state.error
    if options.json:
        print_json([{"name": name, "is_chosen": name == state.model} for name in state.models])
    else:
        for name in state.models:
            print(f"{name}{' (chosen)' if name == state.model else ''}")
    return DONE
