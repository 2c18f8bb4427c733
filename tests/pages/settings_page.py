"""What the tests of the Settings page share: reading its cards, filling its fields."""

from collections.abc import Iterator
from typing import Any

from streamlit.testing.v1 import AppTest

from synthgen_core.providers import PROVIDERS
from tests.pages.support import read, said


def settled(page: AppTest) -> AppTest:
    """The page, once every provider was looked at, and the default one is known."""
    for _ in range(200):
        text = said(page)
        if "checking" not in text and ("Default." in text or page.error):
            return page
        page.run()
    raise AssertionError("still checking")


def card(page: AppTest, provider_type: str) -> str:
    """What the card of a provider says."""
    name = read(PROVIDERS[provider_type].name)
    names = [read(kind.name) for kind in PROVIDERS.values()]
    text = said(page).split("##### System")[0]
    after = text.split(f"**{name}**")[1]
    return min((after.split(f"**{other}**")[0] for other in names), key=len)


def address(page: AppTest, provider_type: str) -> str:
    """The address that stands in a provider's form."""
    return find(page.text_input, f"address-{provider_type}").value


def find(fields: Any, prefix: str) -> Any:
    """The field of this page whose key begins so."""
    return next(field for field in fields if (field.key or "").startswith(prefix))


def set_address(page: AppTest, provider_type: str, url: str) -> AppTest:
    """Give a provider this address."""
    return settled(find(page.text_input, f"address-{provider_type}").set_value(url).run())


def type_key(page: AppTest, provider_type: str, key: str) -> AppTest:
    """Type a key into a provider's form."""
    return settled(page.text_input(key=f"key-{provider_type}").set_value(key).run())


def everything(page: AppTest) -> str:
    """All that this page would send to a browser."""
    return "\n".join(str(element.proto) for element in _all(page)) + str(page.query_params)


def _all(page: AppTest) -> Iterator[object]:
    def walk(block: object) -> Iterator[object]:
        for child in getattr(block, "children", {}).values():
            if hasattr(child, "proto"):
                yield child
            yield from walk(child)

    yield from walk(page._tree)
