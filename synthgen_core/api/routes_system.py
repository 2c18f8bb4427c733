"""This computer, and the app's settings."""

from fastapi import APIRouter

from synthgen_core.actions.overview import get_system_status
from synthgen_core.actions.settings import effective_settings, get_settings, save_setting
from synthgen_core.api.bodies import SettingBody, SettingsUpdate, SystemBody
from synthgen_core.api.place import Place
from synthgen_core.workspace import Workspace

router = APIRouter()


@router.get("/system/status", tags=["system"])
def get_status(place: Place) -> SystemBody:
    """Load, memory and disk."""
    return SystemBody.model_validate(get_system_status(place))


@router.get("/settings", tags=["system"])
def list_settings(place: Place) -> list[SettingBody]:
    """All settings; of those that are secret, the value is left out."""
    return _told(place)


@router.put("/settings", tags=["system"])
def update_settings(place: Place, body: SettingsUpdate) -> list[SettingBody]:
    """Keep settings; those after one that cannot be kept are left as they are."""
    for name, value in body.settings.items():
        save_setting(place.settings, name, value)
    return _told(place)


def _told(place: Workspace) -> list[SettingBody]:
    return [
        SettingBody(
            name=view.name,
            value=view.value if isinstance(view.value, str | int | float | bool) else str(view.value),
            origin=view.origin,
            help=view.help,
            can_edit=view.can_edit,
            needs_restart=view.needs_restart,
        )
        for view in get_settings(effective_settings(data_dir=place.settings.data_dir))
    ]
