"""The sections of a report on a dataset's quality, from the same figures as the page shows."""

from collections.abc import Iterable, Mapping, Sequence

from synthgen_core.actions.charts import REST, Distribution, Group, QualityFigures
from synthgen_core.actions.coverage import Coverage
from synthgen_core.actions.diversity import VARIETY, KeptDiversity
from synthgen_core.actions.judge_health import JudgeHealth, OrderHealth
from synthgen_core.actions.losses import Losses, ModelUse
from synthgen_core.actions.quality_state import QualityState
from synthgen_core.actions.review_plans import PlanState
from synthgen_core.actions.trust import Pairs, compare_at, compare_scores
from synthgen_core.models import Severity
from synthgen_core.reports import Bars, Block, Columns, Facts, Points, Section, Table, fact_of
from synthgen_core.rules import BEST, PENALTY, RULES
from synthgen_core.scenarios import in_words
from synthgen_core.statistics.means import mean
from synthgen_core.statistics.spreads import Spread

SCORES = {
    "quality_score": ("Judge's score", "examples that a judge scored as they are now"),
    "rule_score": ("Rule score", "examples that all rules have read as they are now"),
    "person_score": ("People's score", "examples that somebody scored as they are now; the mean of several people"),
}
FACTS = {"subdomain": "subdomain", "model": "model", "language": "language"}
MOST_GROUPS = 12
MOST_POINTS = 1000


def overview(state: QualityState) -> Section:
    """What was measured, and on how many examples."""
    of_active = f"of {state.active:,} active examples"
    rows = [
        ("Active examples", f"{state.active:,}", "not removed"),
        ("Read by all rules", f"{state.checked:,}", of_active),
        ("Accepted by people", f"{state.accepted:,}", of_active),
        ("Rejected by people", f"{state.rejected:,}", of_active),
        ("Disputed among people", f"{state.disputed:,}", of_active),
    ]
    for judge in state.judges:
        who = f"{judge.model or judge.provider}, rubric: {judge.rubric}"
        rows.append(("Mean score of a judge", f"{judge.mean:.2f}", f"n = {judge.scored:,}; {who}"))
    if (search := state.search) is not None and (left := state.left) is not None:
        basis = f"n = {search.searched:,}; similarity from {search.threshold:g}, {search.created_at:%d %B %Y}"
        if left.is_stale:
            basis += f"; {left.added:,} came since, {left.edited:,} were edited"
        found = f"{left.twins:,} in {left.clusters:,} clusters"
        rows.append(("Duplicates that are left", found, basis))
    text = "Every figure says on how many examples it rests. Figures that rest on too few are withheld, and say so."
    return Section("Overview", text, (Facts(tuple(rows)),))


def scores(figures: QualityFigures) -> Section:
    """How the scores are spread, by criterion, and by what examples differ in."""
    blocks: list[Block] = []
    for name, (title, of) in SCORES.items():
        spread = figures.scores[name]
        if spread.sums.n:
            left_out = f"{figures.active - spread.sums.n:,} active examples have none"
            if name == "quality_score" and figures.judge_failed:
                left_out += f", of {figures.judge_failed:,} of them the judge's reply was of no use"
            blocks += [Facts((fact_of(f"{title}, mean", mean(spread.sums)),)), _histogram(title, spread, of, left_out)]
    if criteria := [(name, spread) for name, spread in figures.criteria.items() if spread.sums.n]:
        caption = f"Mean of the latest judgement. {_counts((name, spread.sums.n) for name, spread in criteria)}"
        blocks.append(
            Bars("Judge's score by criterion", tuple((_word(n), s.sums.mean) for n, s in criteria), caption, digits=2)
        )
    groups = {FACTS[name]: figures.facts.get(name, {}) for name in FACTS}
    groups |= {in_words(name): found for name, found in figures.parameters.items()}
    for what, found in groups.items():
        blocks += _by_group(what, found)
    if not blocks:
        return Section("Scores", "No example has a score yet: neither rules, nor a judge, nor people.")
    return Section("Scores", blocks=tuple(blocks))


def rules(figures: QualityFigures, state: QualityState) -> Section:
    """What the rules flag."""
    rows = sorted(
        ((_label(rule), sum(found.values()), found) for rule, found in figures.flags.items()), key=lambda row: -row[1]
    )
    table = Table(
        "Flags",
        ("Rule", *(severity.word for severity in Severity)),
        tuple((name, *(f"{found.get(each, 0):,}" for each in Severity)) for name, _, found in rows),
        "Active examples whose present text is flagged; one that a rule flags in two ways is in two columns. All rules "
        f"have read {state.checked:,} of {state.active:,}.",
    )
    taken = ", ".join(f"{points:g} for {severity.word}" for severity, points in PENALTY.items())
    text = (
        f"The rule score is {BEST:g}, less what each rule takes off for its gravest finding ({taken}), and not below 0."
    )
    return Section("Rules", text, (table,) if rows else ())


def shape(figures: QualityFigures) -> Section:
    """Lengths and turns."""
    blocks = (
        _sizes("Characters", figures.characters),
        _sizes("Turns", figures.turns),
    )
    return Section("Lengths and turns", blocks=blocks)


def diversity(kept: KeptDiversity) -> Section:
    """How much the texts repeat each other."""
    if not kept.sizes:
        return Section("Diversity", f"Withheld: {kept.n:,} examples are too few.")
    largest = kept.sizes[-1]
    rows = []
    for name, figure in largest.figures.items():
        what, value, _ = fact_of(VARIETY[name].label, figure, digits=3)
        rows.append((what, value, f"n = {largest.size:,}; {VARIETY[name].meaning}; lowest and highest of the samples"))
    text = "Such figures depend on the number of texts: compare them with those of samples of the same size only."
    return Section("Diversity", text, (Facts(tuple(rows)),))


def coverage(found: Coverage) -> Section:
    """What was to be drawn, and what there is."""
    blocks = []
    for parameter in found.parameters:
        rows = []
        for each in parameter.values:
            _, share, _ = fact_of("", each.share, is_share=True)
            rows.append((in_words(each.value), f"{each.target:.1%}", share, f"{each.surplus:+,.0f}"))
        p = parameter.fit.p
        fit = parameter.fit.why_withheld if p is None else f"Chance alone brings counts so far off in {p:.1%} of cases."
        columns = ("Value", "Target", "Actual, with its interval", "Examples more or less")
        caption = f"n = {parameter.n:,}. {fit}"
        blocks.append(Table(in_words(parameter.name).capitalize(), columns, tuple(rows), caption))
    left_out = f" {found.untargeted:,} of a domain that is not known here are left out." if found.untargeted else ""
    text = (
        "The target is how often a value was to be drawn, by the domain's weights." if blocks else "Nothing was drawn."
    )
    return Section("Coverage", text + left_out, tuple(blocks))


def losses(found: Losses, models: Sequence[ModelUse]) -> Section:
    """From what was asked for to what was exported, and what it took."""
    stages = Table(
        "Stages",
        ("Stage", "Examples", "Where the number is from"),
        tuple((stage.name, f"{stage.count:,}", stage.source) for stage in found.stages),
        "Each number is of its own stage.",
    )
    blocks: list[Block] = [stages]
    if models:
        rows = []
        for use in models:
            seconds = ("", "") if use.median is None else (f"{use.median:.1f}", f"{use.slow:.1f}")
            tokens = f"{use.usage.total:,}"
            rows.append(
                (use.model or use.provider, f"{use.calls:,}", f"{use.failed:,}", tokens, use.cost_words, *seconds)
            )
        columns = ("Model", "Calls", "Failed", "Tokens", "Cost", "Median s", "95 % within s")
        blocks.append(Table("Models", columns, tuple(rows), "Seconds are of answered calls, right to 10 %."))
    return Section("Losses and cost", blocks=tuple(blocks))


def trust(pairs: Pairs, threshold: float) -> Section:
    """Judge against people."""
    against, verdicts = compare_scores(pairs), compare_at(pairs, threshold)
    rows = (
        fact_of("Mean absolute error", against.error),
        fact_of("Spearman's rho", against.spearman),
        fact_of("Kendall's tau-b", against.kendall),
        fact_of("Cohen's kappa, weighted", against.weighted_kappa),
        fact_of("Gwet's AC2", against.ac2),
        fact_of(f"Same decision at {threshold:g}", verdicts.agreement, is_share=True),
        fact_of(f"Precision of removing below {threshold:g}", verdicts.precision, is_share=True),
        fact_of(f"Recall of removing below {threshold:g}", verdicts.recall, is_share=True),
    )
    blocks: list[Block] = [Facts(rows)]
    both = [(row.person, row.judge) for row in pairs.scored if row.person is not None]
    if both:
        shown = f", {MOST_POINTS:,} of them shown" if len(both) > MOST_POINTS else ""
        caption = f"n = {len(both):,} examples that both scored{shown}. Judges: {', '.join(pairs.judges) or 'none'}."
        blocks.append(Points("Judge against people", "people", "judge", tuple(both[:MOST_POINTS]), caption))
    text = "How far the judge's scores can stand for people's, of present texts; removed examples count, too."
    return Section("Trust", text, tuple(blocks))


def health(judges: Sequence[JudgeHealth], orders: Sequence[OrderHealth]) -> Section:
    """What can be seen of the judges themselves."""
    blocks: list[Block] = []
    for judge in judges:
        who = judge.model or judge.provider
        rows = (
            fact_of(f"{who}: replies of no use", judge.failures, is_share=True),
            fact_of(f"{who}: spread of repeated judgements", judge.spread),
            fact_of(f"{who}: longer examples score higher (Spearman's rho)", judge.length),
            fact_of(f"{who}: its own examples score higher by", judge.own),
        )
        blocks.append(Facts(rows))
    for order in orders:
        blocks.append(Facts((fact_of(f"{order.model}: the order turned the verdict", order.turned, is_share=True),)))
    return Section("Health of the judges", blocks=tuple(blocks))


def plans(states: Sequence[PlanState]) -> Section:
    """Random samples that were drawn for a purpose, and what they show."""
    blocks = []
    for state in states:
        rate = fact_of("Defects so far", state.estimate.rate, is_share=True)
        done = f"{state.estimate.reviewed:,} of {state.estimate.planned:,} reviewed"
        verdict = state.verdict or state.estimate.caution or "Nothing yet."
        blocks.append(Facts((("Plan", state.reasoning, done), rate, ("Verdict", verdict, ""))))
    return Section("Review plans", blocks=tuple(blocks))


def _histogram(title: str, spread: Spread, of: str, left_out: str) -> Columns:
    rows = tuple((f"{first:g}", count) for first, count in spread.bars)
    return Columns(title, rows, f"n = {spread.sums.n:,} {of}; {left_out}. A column has scores from its number on.")


def _sizes(title: str, spread: Distribution) -> Columns:
    caption = (
        f"n = {spread.count:,} active examples: {spread.least:,} to {spread.most:,}, median {spread.median:,}, mean "
        f"{spread.mean:,.1f}."
    )
    if spread.bars and spread.most >= spread.bars[-1][0] + spread.width:
        caption += " The last column has all that is larger."
    return Columns(title, tuple((f"{first:,}", count) for first, count in spread.bars), caption)


def _by_group(what: str, groups: Mapping[str, Group]) -> list[Block]:
    """The scores of examples that differ in one thing; nothing where there is only one value."""
    named = [(value, group) for value, group in groups.items() if value and value != REST]
    if len(named) < 2:
        return []
    held = [name for name in SCORES if any(group.scores.get(name) and group.scores[name].n for _, group in named)]
    rows = []
    for value, group in named[:MOST_GROUPS]:
        cells = [in_words(value), f"{group.n:,}"]
        for name in held:
            sums = group.scores.get(name)
            _, told, _ = fact_of("", mean(sums)) if sums and sums.n else ("", "none", "")
            cells.append(f"{told}, n = {sums.n:,}" if sums and sums.n else told)
        rows.append(tuple(cells))
    more = f" {len(named) - MOST_GROUPS:,} further values are left out." if len(named) > MOST_GROUPS else ""
    columns = (what.capitalize(), "Examples", *(SCORES[name][0] for name in held))
    return [Table(f"By {what}", columns, tuple(rows), f"Active examples; means with their 95 % intervals.{more}")]


def _label(rule: str) -> str:
    return RULES[rule].label if rule in RULES else rule


def _word(name: str) -> str:
    return name.replace("_", " ").capitalize()


def _counts(found: Iterable[tuple[str, int]]) -> str:
    counts = dict(found)
    if len(set(counts.values())) == 1:
        return f"n = {next(iter(counts.values())):,} each."
    return "; ".join(f"{_word(name)}: n = {n:,}" for name, n in counts.items()) + "."
