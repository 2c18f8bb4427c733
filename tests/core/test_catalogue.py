"""The table of models: what is found under a name, what a call costs, and what a user's own file may say."""

import dataclasses
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from synthgen_core.errors import ConfigError
from synthgen_core.models import ProviderConfig, Usage
from synthgen_core.providers import PROVIDERS, default_model
from synthgen_core.providers.catalogue import OURS, ModelInfo, ModelTable, cost, load_models
from synthgen_core.providers.model_info import REASONING_ROOM, Prices, Structured, Temperature
from synthgen_core.providers.registry import ProviderKind

MILLION = 10**6
TODAY = date(2026, 11, 22)


@pytest.fixture(scope="module")
def table() -> ModelTable:
    return load_models()


def known(table: ModelTable, provider: str, model: str) -> ModelInfo:
    info = table.find(provider, model)
    assert info is not None, model
    return info


# -- what is found


@pytest.mark.parametrize("provider", ["openai", "anthropic", "embedded", "ollama"])
def test_each_provider_has_one_default_that_is_not_retired(table: ModelTable, provider: str) -> None:
    defaults = [info for info in table.models(provider) if info.is_default]
    assert defaults == [table.default(provider)]
    assert not defaults[0].is_retired(TODAY)
    assert not defaults[0].is_family


def test_the_defaults_are_those_of_the_table(table: ModelTable, file: Path) -> None:
    for kind in PROVIDERS.values():
        default = table.default(kind.type)
        assert default_model(kind) == ("" if kind.is_local or default is None else default.name)
    file.write_text("[[groq.models]]\nname = 'mine'\ndefault = true\n[[openai.models]]\nname = 'new'\ndefault = true")
    after = load_models(file)
    assert [default_model(PROVIDERS[name], after) for name in ("groq", "openai")] == ["mine", "new"]


def test_the_table_tells_its_date_and_where_it_is_from(table: ModelTable) -> None:
    assert table.date == date(2026, 11, 18)
    assert table.source


@pytest.mark.parametrize(
    ("provider", "model", "name"),
    [
        ("openai", "gpt-6-luna", "gpt-6-luna"),
        ("openai", "gpt-6-luna-2026-09-01", "gpt-6-luna"),
        ("openai", "gpt-4-0613", "gpt-4"),
        ("openai", "gpt-4-1106-preview", "gpt-4"),
        ("openai", "gpt-4-turbo-2024-04-09", "gpt-4-turbo"),
        ("openai", "gpt-4o-mini-2024-07-18", "gpt-4o-mini"),
        ("openai", "gpt-5-mini", "gpt-5-mini"),
        ("anthropic", "claude-sonnet-4-5-20250929", "claude-sonnet-4-5"),
        ("anthropic", "claude-sonnet-4-5@20250929", "claude-sonnet-4-5"),
        ("anthropic", "claude-3-7-sonnet-latest", "claude-3-7-sonnet"),
        ("ollama", "gemma4:e4b", "gemma4:e4b"),
    ],
)
def test_a_model_is_found_with_a_date_and_without(table: ModelTable, provider: str, model: str, name: str) -> None:
    info = known(table, provider, model)
    assert (info.name, info.is_family) == (name, False)


@pytest.mark.parametrize(
    ("model", "family"),
    [("gpt-5.6-anything", "gpt-5.6"), ("gpt-5-codex", "gpt-5"), ("gpt-6.3-sol", "gpt-6"), ("o3-mini", "o3")],
)
def test_a_family_tells_what_its_other_models_can_do_but_not_what_they_cost(
    table: ModelTable, model: str, family: str
) -> None:
    info = known(table, "openai", model)
    assert (info.name, info.is_family) == (family, True)
    assert cost(info, Usage(10, 10)) is None
    assert info.retires is None
    assert info not in table.models("openai")


@pytest.mark.parametrize(
    ("provider", "model"),
    [
        ("openai", ""),
        ("openai", "gpt-4-32k"),
        ("openai", "gpt-4.1-nano"),
        ("openai", "openai/gpt-6-luna"),
        ("anthropic", "claude-sonnet-4-50"),
        ("anthropic", "gpt-6-luna"),
    ],
)
def test_of_a_model_that_only_resembles_a_known_one_nothing_is_said_but_what_holds_for_all(
    table: ModelTable, provider: str, model: str
) -> None:
    info = known(table, provider, model)
    assert info == ModelInfo(
        provider,
        model,
        is_family=True,
        structured=Structured.SCHEMA,
        temperature=Temperature.NEVER if provider == "anthropic" else None,
        token_parameter="max_tokens" if provider == "anthropic" else "max_completion_tokens",
        batch_factor=Decimal("0.5"),
    )
    assert cost(info, Usage(1, 1)) is None


def test_nothing_is_said_of_an_unknown_provider(table: ModelTable) -> None:
    assert table.find("nobody", "gpt-6-luna") is None


@pytest.mark.parametrize("kind", [kind for kind in PROVIDERS.values() if kind.is_local], ids=lambda kind: kind.type)
def test_any_model_of_ones_own_server_costs_nothing(table: ModelTable, kind: ProviderKind) -> None:
    for address in ("", "http://gpu:9/v1"):
        assert cost(table.facts(ProviderConfig(kind.type, "my-model", address)), Usage(MILLION, MILLION)) == 0


def test_elsewhere_only_a_model_s_very_name_is_believed(table: ModelTable) -> None:
    def facts(model: str, address: str) -> ModelInfo:
        return table.facts(ProviderConfig("openai", model, address))

    home, elsewhere = "https://api.openai.com/v1", "http://gpu:8000/v1"
    assert facts("gpt-6-luna", elsewhere) == facts("gpt-6-luna", home) == known(table, "openai", "gpt-6-luna")
    for model in ("o3-like", "gpt-5-at-home", "my-model"):
        assert facts(model, elsewhere) == ModelInfo("openai", model)
        assert facts(model, home).token_parameter == "max_completion_tokens"
    assert facts("m", "http://[::1") == ModelInfo("openai", "m"), "an address that is none is no reason to fail"


def test_a_model_is_retired_from_its_day_on(table: ModelTable) -> None:
    sonnet = known(table, "anthropic", "claude-sonnet-4-5")
    assert [sonnet.is_retired(date(2026, 11, day)) for day in (29, 30)] == [False, True]
    assert known(table, "openai", "gpt-3.5-turbo-0125").is_retired(TODAY)
    assert not known(table, "openai", "gpt-6-luna").is_retired(date(2999, 1, 1))


# -- what a model takes


def test_a_temperature_goes_only_to_models_that_take_it_as_they_are_asked(table: ModelTable) -> None:
    takes = {
        model: known(table, provider, model).takes_temperature
        for provider, model in (
            ("openai", "gpt-6-luna"),
            ("openai", "gpt-6.1-sol"),
            ("openai", "gpt-6-astra"),
            ("openai", "gpt-4o"),
            ("anthropic", "claude-haiku-5-5"),
            ("ollama", "gemma4:e4b"),
        )
    }
    assert takes == {
        "gpt-6-luna": True,
        "gpt-6.1-sol": False,
        "gpt-6-astra": False,
        "gpt-4o": True,
        "claude-haiku-5-5": False,
        "gemma4:e4b": True,
    }
    assert ModelInfo("openai", "m").takes_temperature
    assert not ModelInfo("openai", "m", effort="low").takes_temperature


def test_a_model_that_reasons_gets_room_for_it_within_its_limit() -> None:
    plain, reasoning = ModelInfo("p", "m", effort="none"), ModelInfo("p", "m", effort="low")
    assert plain.token_limit(500) == 500
    assert reasoning.token_limit(500) == 500 + REASONING_ROOM
    assert dataclasses.replace(reasoning, max_output=1000).token_limit(500) == 1000


def test_no_live_model_lacks_what_a_request_needs_to_know(table: ModelTable) -> None:
    for info in table.entries:
        assert info.structured is not None, info
        assert info.token_parameter, info
        assert info.is_retired(TODAY) or info.temperature is not None, info


# -- what a call costs


def test_a_call_costs_what_its_tokens_cost(table: ModelTable) -> None:
    luna = known(table, "openai", "gpt-6-luna")
    assert cost(luna, Usage(1000, 2000)) == Decimal("0.0011")
    assert cost(luna, Usage()) == 0
    assert cost(luna, Usage(3, 0)) == Decimal("0.0000003"), "a fraction of a cent is not lost"


def test_tokens_of_the_cache_have_prices_of_their_own(table: ModelTable) -> None:
    haiku = known(table, "anthropic", "claude-haiku-5-5")
    usage = Usage(60_000, 1000)
    assert cost(haiku, usage) == Decimal("0.0065")
    assert cost(haiku, usage, cached_tokens=40_000) == Decimal("0.0029")
    assert cost(haiku, usage, cached_tokens=40_000, cache_write_tokens=20_000) == Decimal("0.0034")
    assert cost(haiku, Usage(60_000, 1000, 40_000, 20_000)) == Decimal("0.0034"), "a usage tells them, too"


def test_a_long_prompt_costs_more_from_the_first_token_on(table: ModelTable) -> None:
    haiku = known(table, "anthropic", "claude-haiku-5-5")
    assert cost(haiku, Usage(100_000, 0)) == Decimal("0.01")
    assert cost(haiku, Usage(100_001, MILLION)) == Decimal("2.5500005")
    luna = known(table, "openai", "gpt-6-luna")
    assert cost(luna, Usage(272_001, MILLION)) == Decimal("0.8044002")


def test_what_is_not_known_is_never_free(table: ModelTable) -> None:
    assert cost(known(table, "openai", "gpt-4o"), Usage(10, 10)) is None
    assert cost(known(table, "openai", "gpt-4o"), Usage()) is None
    half = ModelInfo("p", "m", prices=Prices(input=Decimal(1)))
    assert cost(half, Usage(MILLION, 0)) == 1
    assert cost(half, Usage(MILLION, 1)) is None
    assert cost(half, Usage(MILLION, 0), cache_write_tokens=1) is None
    assert cost(half, Usage(MILLION, 0), cached_tokens=MILLION) == 1, "never less than the truth"
    long = ModelInfo("p", "m", prices=Prices(Decimal(1), Decimal(1)), long_above=10)
    assert cost(long, Usage(11, 0)) is None


def test_models_on_ones_own_computer_cost_nothing(table: ModelTable) -> None:
    for provider in ("embedded", "ollama"):
        default = table.default(provider)
        assert default is not None
        assert cost(default, Usage(MILLION, MILLION)) == 0


def test_long_prompts_of_openai_cost_twice_in_and_half_more_out(table: ModelTable) -> None:
    priced = [info for info in table.models("openai") if info.prices.input is not None]
    assert len(priced) == 7
    for info in priced:
        assert info.prices.input is not None
        assert info.prices.output is not None
        assert info.long_prices == Prices(info.prices.input * 2, info.prices.output * Decimal("1.5")), info.name
        assert info.long_above == 272_000


# -- a user's own file


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "models.toml"


def test_without_a_file_of_the_users_ours_holds(table: ModelTable, file: Path) -> None:
    assert load_models(file) == load_models() == table


def test_a_users_entry_changes_only_what_it_says(table: ModelTable, file: Path) -> None:
    file.write_text('[[openai.models]]\nname = "gpt-6-luna"\noutput = 0.25\ncontext = 400_000\n')
    before = known(table, "openai", "gpt-6-luna")
    after = known(load_models(file), "openai", "gpt-6-luna")
    prices = dataclasses.replace(before.prices, output=Decimal("0.25"))
    assert after == dataclasses.replace(before, prices=prices, context=400_000)
    assert load_models(file).date == table.date


def test_a_users_model_and_provider_and_default_are_taken(table: ModelTable, file: Path) -> None:
    file.write_text(
        '\ufeffdate = 2027-02-03\nsource = "our contract"\n'
        "[anthropic]\neffort = 'medium'\n"
        "[[anthropic.models]]\nname = 'claude-next'\ndefault = true\ninput = 1e-1\noutput = 2\nretires = 2030-01-01\n"
        "long_prompt = { above = 1000, input = 3 }\n",
        encoding="utf-8",
    )
    after = load_models(file)
    assert (after.date, after.source) == (date(2027, 2, 3), "our contract")
    default = after.default("anthropic")
    assert default == ModelInfo(
        "anthropic",
        "claude-next",
        is_default=True,
        prices=Prices(Decimal("0.1"), Decimal(2)),
        long_above=1000,
        long_prices=Prices(Decimal(3)),
        structured=Structured.SCHEMA,
        temperature=Temperature.NEVER,
        effort="medium",
        token_parameter="max_tokens",
        batch_factor=Decimal("0.5"),
        retires=date(2030, 1, 1),
    )
    assert [info.is_default for info in after.models("anthropic")].count(True) == 1
    assert after.models("openai") == table.models("openai")
    assert known(load_models(), "anthropic", "claude-haiku-5-5").is_default, "ours was changed in place"


def test_our_own_file_may_be_copied_and_edited(table: ModelTable, file: Path) -> None:
    file.write_text(OURS.read_text(encoding="utf-8"), encoding="utf-8")
    assert load_models(file) == table


WRONG = {
    "input = -1": "-1",
    "input = nan": "NaN",
    "input = inf": "Infinity",
    "input = 2_000_000": "2000000",
    "input = '0.1'": "0.1",
    "input = true": "True",
    "context = 0": "0",
    "context = 1.5": "1.5",
    "max_output = '1'": "1",
    "default = 'yes'": "yes",
    "structured = 'yaml'": "yaml",
    "takes_temperature = 'maybe'": "maybe",
    "effort = 'huge'": "huge",
    "token_parameter = ''": "",
    "retires = '2027-01-01'": "2027-01-01",
    "retires = 2027-01-01T00:00:00": "2027-01-01",
    "note = 5": "5",
    "long_prompt = 5": "5",
}


@pytest.mark.parametrize("line", WRONG)
def test_a_wrong_value_is_told_with_its_file_key_and_remedy(file: Path, line: str) -> None:
    file.write_text(f'[[openai.models]]\nname = "gpt-6-luna"\n{line}\n')
    with pytest.raises(ConfigError) as caught:
        load_models(file)
    assert str(file) in caught.value.message
    assert f"openai.gpt-6-luna.{line.split(' ')[0]}" in caught.value.message
    assert f"“{WRONG[line]}" in caught.value.message
    assert "expected" in caught.value.message
    assert caught.value.hint


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("[[openai.models]]\nname = 'm'\ninptu = 1", "at openai.m.inptu: there is no such key", "input"),
        ("[openai]\ninptu = 1", "at openai.inptu: there is no such key", "input"),
        ("[[opanai.models]]\nname = 'm'", "at opanai: there is no such provider", "openai"),
        ("dat = 2026-01-01", "at dat: there is no such provider", "date"),
        ("date = 'today'", "at date: a day is expected", "Correct"),
        ("openai = 5", "at openai: a table is expected; it says “5”", "[openai]"),
        ("[openai]\nmodels = 5", "at openai.models: a list is expected", "[[openai.models]]"),
        ("[openai]\nmodels = ['m']", "at openai.models: a table is expected; it says “m”", "[[openai.models]]"),
        ("[[openai.models]]\ninput = 1", "at openai.models, entry 1: a name is expected", "name ="),
        ("[[openai.models]]\nname = 'm'\nfamily = 'm'", "at openai.m: a name is expected, or a family", "name ="),
        ("[[openai.models]]\nname = 5", "at openai.5.name: a text is expected", "Correct"),
        ("[[openai.models]]\nname = 'm'\n[[openai.models]]\nname = 'm'", "at openai.m: it has two entries", "one"),
        (
            "[[openai.models]]\nname = 'a'\ndefault = true\n[[openai.models]]\nname = 'b'\ndefault = true",
            "at openai.b.default: a is the default, too",
            "one",
        ),
        ("[[openai.models]]\nname = 'm'\nlong_prompt = { input = 1 }", "at openai.m.long_prompt: “above”", "above ="),
        (
            "[[openai.models]]\nname = 'm'\nlong_prompt = { above = 1, inptu = 1 }",
            "at openai.m.long_prompt.inptu: there is no such key",
            "input",
        ),
        ("[openai\n", "is not valid TOML", "line 1"),
    ],
)
def test_a_wrong_file_is_told_with_the_place_and_what_to_do(file: Path, text: str, message: str, hint: str) -> None:
    file.write_text(text)
    with pytest.raises(ConfigError) as caught:
        load_models(file)
    assert str(file) in caught.value.message
    assert message in caught.value.message
    assert hint in caught.value.hint


def test_a_file_that_cannot_be_read_is_told(file: Path) -> None:
    file.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError, match="cannot be read"):
        load_models(file)
    file.unlink()
    file.mkdir()
    with pytest.raises(ConfigError, match="cannot be read"):
        load_models(file)
