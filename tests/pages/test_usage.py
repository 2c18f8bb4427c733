"""The Tasks page's sums: by day, model, job and dataset; what is not known is said to be unknown."""

from collections.abc import Callable
from decimal import Decimal

from streamlit.testing.v1 import AppTest

from synthgen_core.database import Progress
from synthgen_core.workspace import Workspace
from tests.pages.support import figures, make_dataset, make_job, said
from tests.pages.test_calls import DOLLAR, call, log, spec, table

Open = Callable[..., AppTest]


def press(page: AppTest, key: str, value: str) -> AppTest:
    (group,) = (group for group in page.get("button_group") if group.key == key)
    group.set_value(value)  # type: ignore[union-attr]
    return page.run()


def test_without_calls_there_is_nothing_to_sum_up(open_page: Open) -> None:
    page = open_page("tasks", view="Usage")
    assert "No model was called in this time" in page.info[0].value
    assert not page.get("plotly_chart")


def test_totals_and_rows_agree_whatever_they_are_grouped_by(place: Workspace, open_page: Open) -> None:
    job = make_job(place, make_dataset(place, "My set"))
    log(place, call(1), call(2, outcome="timeout", cost=None), job=job)
    log(place, call(3, provider="anthropic", model="c"))
    page = open_page("tasks", view="Usage")
    for by, names in (
        ("day", None),
        ("model", ["anthropic c", "openai m"]),
        ("job", ["no job", f"job {job.id}"]),
        ("dataset", ["no dataset", "My set"]),
    ):
        page = press(page, "usage_by", by)
        rows = table(page)
        assert names is None or list(rows[by.capitalize()]) == names
        shown = figures(page)
        assert (shown["Calls"], shown["Cost"]) == ("3", "$0.0040")
        assert (shown["Tokens in"], shown["Tokens out"]) == ("200", "100")
        assert (rows["Calls"].sum(), rows["Failed"].sum(), rows["Tokens in"].sum()) == (3, 1, 200)
        assert "1 call failed. What 1 call cost is not known, and is not in the sum." in said(page)
    assert list(rows["Cost"]) == ["$0.0020", "$0.0020 and 1 call of unknown cost"]


def test_what_no_price_is_known_of_is_never_shown_as_nothing(place: Workspace, open_page: Open) -> None:
    log(place, call(1, model="priced"), call(2, model="unpriced", cost=None))
    page = press(press(open_page("tasks", view="Usage"), "usage_by", "model"), "usage_measure", "Cost")
    (bar,) = spec(page.get("plotly_chart")[0])
    assert bar["customdata"] == ["openai priced"]
    assert "1 of 2 models are in the chart; all are in the table." in said(page)
    assert list(table(page)["Cost"]) == ["unknown", "$0.0020"]


def test_where_no_price_is_known_at_all_there_is_no_chart_of_costs(place: Workspace, open_page: Open) -> None:
    log(place, call(1, cost=None))
    page = open_page("tasks", view="Usage")
    assert figures(page)["Cost"] == "unknown"
    assert [bar["name"] for bar in spec(page.get("plotly_chart")[0])] == ["in", "out"], "tokens are shown at first"
    page = press(page, "usage_measure", "Cost")
    assert not page.get("plotly_chart")
    assert "models.toml" in page.info[0].value


def test_calls_that_cost_nothing_cost_nothing(place: Workspace, open_page: Open) -> None:
    log(place, call(1, provider="ollama", cost=Decimal(0)))
    assert figures(open_page("tasks", view="Usage"))["Cost"] == "$0.00"


def test_bars_of_the_same_name_stand_apart_and_the_largest_are_shown(place: Workspace, open_page: Open) -> None:
    for n in range(14):
        job = make_job(place, make_dataset(place, "Same <b>name</b>"), done=0)
        place.database.record(job, Progress(log=[call(cost=DOLLAR * (n + 1))]))
    page = press(open_page("tasks", view="Usage"), "usage_by", "dataset")
    (bar,) = spec(page.get("plotly_chart")[0])
    assert bar["customdata"] == ["Same &lt;b>name&lt;/b>"] * 12
    assert "12 of 14 datasets are in the chart" in said(page)
    assert len(table(page)) == 14
