"""The page of customer value: who earns us money, what losing them costs, and which customers cost money."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, Final

from crm_research.features.money_window import USUAL_MONTHS
from crm_research.models.joins import draw_joins
from crm_research.pillars.value import advice, charts, figures, setting, tables, tier_sections, words
from crm_research.pillars.value.joins import measure_joins
from crm_research.pillars.value.keeping import page as keeping_page
from crm_research.pillars.value.keeping.figures import ESTIMATORS as KEEPING_ESTIMATORS
from crm_research.pillars.value.keeping.measure import Keeping, measure_keeping
from crm_research.pillars.value.lifetime import page as lifetime_page
from crm_research.pillars.value.lifetime.figures import EQUITY, value_figures
from crm_research.pillars.value.lifetime.figures import ESTIMATORS as LIFETIME_ESTIMATORS
from crm_research.pillars.value.lifetime.measure import (
    USUAL_DATES,
    USUAL_RATE,
    USUAL_YEARS,
    Lifetime,
    measure_lifetime,
)
from crm_research.pillars.value.profit.lists import list_customers
from crm_research.pillars.value.profit.measure import Profit, measure_profit
from crm_research.pillars.value.risk import page as risk_page
from crm_research.pillars.value.risk.figures import ESTIMATORS as RISK_ESTIMATORS
from crm_research.pillars.value.risk.measure import RiskAdjusted, measure_risk
from crm_research.pillars.value.shown import CENTS, MONEY, as_called, at_most, cents, shown
from crm_research.pillars.value.tiers.measure import Tiers, measure_tiers
from crm_research.pillars.value.winning import page as winning_page
from crm_research.pillars.value.winning.measure import measure_winning
from crm_research.show import (
    Answer,
    Chart,
    Figures,
    Note,
    Page,
    SavedList,
    Section,
    Step,
    Table,
    briefing,
    drawn,
    fitted,
    section,
)
from crm_research.show.joined import JoinsTold, joins_section
from crm_research.theme import without_limits

if TYPE_CHECKING:
    from crm_research.figures import Figure
    from crm_research.study import Study

_CLAIM_FORMATS: Final = dict.fromkeys(("claimed_share", "estimate", "lower", "upper"), "share")
_SHOWN: Final = 15


class ValuePage(Page):
    """Who earns us money, what would losing them cost, and which customers cost money?

    Parameters
    ----------
    study, months, volume, capital_rate, contact_costs, confidence, seed
        As `measure_profit` takes them.
    tier_rule, gold_from, iron_from
        As `measure_tiers` takes them.
    horizon_years, discount_rate, margin_share, n_backtests
        As `measure_lifetime` takes them.
    """

    report: ClassVar[str] = "value"
    clauses: ClassVar[Mapping[str, str]] = {
        "Who earns us money": "tiers",
        "what would losing them cost": "gold",
        "which customers cost money": "losses",
    }

    def __init__(
        self,
        study: Study,
        *,
        months: int = USUAL_MONTHS,
        volume: str = "revenue",
        capital_rate: float | None = None,
        contact_costs: bool = True,
        tier_rule: str = "share",
        gold_from: float | None = None,
        iron_from: float | None = None,
        horizon_years: float = USUAL_YEARS,
        discount_rate: float = USUAL_RATE,
        margin_share: float | None = None,
        n_backtests: int = USUAL_DATES,
        confidence: float = 0.95,
        seed: int = 20170101,
    ) -> None:
        super().__init__(study)
        asked: dict[str, Any] = {
            "months": months,
            "volume": volume,
            "capital_rate": capital_rate,
            "contact_costs": contact_costs,
            "confidence": confidence,
        }
        self._seed = seed
        self._measure = partial(measure_profit, study, seed=seed, **asked)
        self._part = partial(
            measure_tiers, study, tier_rule=tier_rule, gold_from=gold_from, iron_from=iron_from, seed=seed, **asked
        )
        self._list = partial(list_customers, study, **asked)
        self._doubt = partial(measure_risk, study, asked=asked)
        self._keep = partial(measure_keeping, discount_rate=discount_rate, confidence=confidence, seed=seed)
        self._look_ahead = partial(
            measure_lifetime,
            study,
            horizon_years=horizon_years,
            discount_rate=discount_rate,
            margin_share=margin_share,
            n_backtests=n_backtests,
            confidence=confidence,
        )

    @fitted
    def result(self) -> Profit:
        """Profit of customers in the window: what all sections are taken from."""
        return self._measure()

    @fitted
    def parted(self) -> Tiers | None:
        """Customers in gold, iron and lead; None where they are too few."""
        return self._part()

    @fitted
    def to_come(self) -> Lifetime:
        """What today's customers will still bring."""
        return self._look_ahead()

    @fitted
    def equity(self) -> Figure | None:
        """What all customers of today are still worth; None where that is not known."""
        return next((one for one in value_figures(self.to_come) if one.id == EQUITY and one.is_known), None)

    @fitted
    def hanging(self) -> JoinsTold | None:
        """The main number under other joins of records; None for a study without links."""
        return measure_joins(self.study, self.to_come, seed=self._seed)

    @fitted
    def loyalty(self) -> Keeping | str:
        """What more customers kept each year would bring, or why that is not known."""
        return self._keep(self.result, self.parted)

    @fitted
    def certainty_of(self) -> RiskAdjusted | str:
        """How sure is what customers will bring, or why that is not known."""
        return self._doubt(self.to_come, self.parted, drawn=draw_joins(self.study, seed=self._seed))

    @property
    def estimators(self) -> Mapping[str, str]:
        """What is estimated, to how."""
        return {**figures.estimators(self.result), **LIFETIME_ESTIMATORS, **RISK_ESTIMATORS, **KEEPING_ESTIMATORS}

    @briefing
    def answer(self) -> Section:
        """Who are the gold customers, what would losing them cost, and who costs money?"""
        profit, tiers = self.result, self.parted
        return Section(
            None if profit.is_reconciled else Note(advice.say_not_reconciled(profit), "caution"),
            Answer(*without_limits(words.answer, profit, tiers), see=("tiers", "gold", "losses")),
            Figures([*figures.key_figures(profit, tiers), *([] if self.equity is None else [self.equity])]),
            Chart(
                drawn(charts.draw_whale, profit, tiers),
                alt=charts.whale_alt(profit, tiers),
                data=None if profit.whale is None else profit.whale.curve,
                caption=charts.whale_caption(profit),
            ),
            result=profit,
        )

    def steps(self) -> Sequence[Step]:
        """What can be done, the most useful first."""
        return tuple(advice.steps(self.result, self.parted))

    def gravest_doubt(self) -> str:
        """What would most change the answer."""
        return advice.gravest_doubt(self.result, self.parted)

    @section
    def counted(self) -> Section:
        """What is counted, over which months, and what is not?"""
        profit = self.result
        return Section(
            Note(setting.say_counted(profit)),
            *(Note(said, "caution") for said in setting.cautions(profit)),
            result=profit.window,
        )

    @section
    def ledger(self) -> Section:
        """Does everything add up to the records, to the cent?"""
        profit = self.result
        return Section(
            Note("Every column adds up to the records, to the cent.")
            if profit.is_reconciled
            else Note(advice.say_not_reconciled(profit), "caution"),
            Table(
                tables.ledger_table(profit),
                f"Each column added up over customers, beside the records themselves ({profit.currency})",
                formats=dict.fromkeys(("of_customers", "of_nobody_known", "ledger", "difference"), CENTS),
            ),
            Table(
                profit.pools,
                f"Where the cost of all activities went, over all periods in which use is recorded ({profit.currency})",
                formats={"amount": CENTS},
            ),
            result=profit.reconciled,
        )

    @section
    def statement(self) -> Section:
        """What is left of what customers pay, after all costs that are recorded?"""
        profit = self.result
        return Section(
            Table(
                tables.statement_table(profit),
                f"From what customers paid to what is left ({profit.currency})",
                formats={"money": MONEY, "for_each_customer": CENTS, "share_of_revenue": "share"},
            ),
            Figures(figures.money_figures(profit), "Sums of these months"),
            result=profit.totals,
        )

    @section
    def claims(self) -> Section:
        """Does a fifth of the customers bring four fifths, as is claimed, and how much do others lose of it?"""
        profit = self.result
        if not profit.n_customers:
            return Section.missing(words.no_tiers(profit))
        claims = tables.claims_table(profit)
        return Section(
            Note(f"{words.say_claim(profit)} {words.say_whale(profit) if profit.has_costs else ''}".strip()),
            Table(claims, "The claim and the data", formats=_CLAIM_FORMATS),
            Figures(figures.share_figures(profit), "On how few it rests"),
            result=profit.whale,
        )

    @section
    def costing(self) -> Section:
        """Who turns from profit to loss when costs follow the work that customers make?"""
        profit = self.result
        if profit.moved is None:
            refused = profit.costing.refused
            return Section.missing(refused or words.say_moved(profit), "caution" if refused else "note")
        return Section(
            Note(words.say_moved(profit)),
            Table(
                tables.rates_table(profit),
                f"What a unit of each activity costs ({profit.currency})",
                formats={"cost_each": CENTS, "charged": MONEY, "used": MONEY, "time_each": "{:g}"},
                note="Over all periods in which use is recorded. A unit costs its time at what a unit of time costs; "
                "where no time is given, its share of what was used.",
            ),
            Table(
                tables.resources_table(profit),
                "What is paid for, and how much of it was used",
                formats={
                    "cost": MONEY, "paid_for": MONEY, "used": MONEY, "used_share": "share", "not_used": MONEY
                },
                note="What was not used is nobody's: it is spread over no customer. Where no capacity is given, "
                "all that is paid for counts as used.",
            ),
            Figures(figures.move_figures(profit, None)),
            result=profit.costing,
        )  # fmt: skip

    @section
    def losses(self) -> Section:
        """Which customers cost money?"""
        profit = self.result
        if not profit.has_costs or not profit.n_losing:
            return Section.missing(words.say_losing(profit))
        listed = shown(self._list())
        return Section(
            Note(words.say_losing(profit)),
            Table(
                listed.head(_SHOWN),
                f"Customers who cost most ({profit.currency})",
                formats=cents(listed),
                note="By volume: what would be left if the work were spread by volume. Makes more work: beyond what "
                "chance would give in any of so many customers.",
            ),
            SavedList(
                "value-customers-who-cost-money",
                listed,
                f"Those who cost most first{at_most(listed)}; profit after all costs recorded.",
            ),
            result=listed,
        )

    @section
    def tiers(self) -> Section:
        """Who is gold, iron and lead?"""
        profit, tiers = self.result, self.parted
        if tiers is None:
            return Section.missing(words.no_tiers(profit))
        return Section(
            Note(words.say_rule(tiers)),
            Chart(
                drawn(charts.draw_tiers, tiers),
                alt=charts.tiers_alt(tiers),
                data=tiers.tiers[["tier", "n_customers", "customer_share", "profit_share"]],
            ),
            Table(
                tables.tier_table(tiers).rename(columns=as_called(profit)),
                f"Customers and {profit.noun} in each tier ({profit.currency})",
                formats={
                    "customer_share": "share",
                    "lower": "share",
                    "upper": "share",
                    **dict.fromkeys(as_called(profit).values(), MONEY),
                    as_called(profit)["mean_profit"]: CENTS,
                    as_called(profit)["profit_share"]: "share",
                },
                note="n losing: customers of the tier who leave less than nothing." if profit.n_losing else None,
            ),
            Figures(figures.tier_figures(profit, tiers), "Tiers"),
            result=tiers,
        )

    @section
    def gold(self) -> Section:
        """What would losing the gold customers cost?"""
        return tier_sections.gold_section(self.result, self.parted, self._list)

    @section
    def moves(self) -> Section:
        """Who moved between tiers since as many months before?"""
        return tier_sections.moves_section(self.result, self.parted)

    @section
    def lift(self) -> Section:
        """What would it take to lift iron customers to gold?"""
        return tier_sections.lift_section(self.result, self.parted)

    @section
    def lifetime(self) -> Section:
        """What will today's customers still bring, and how surely?"""
        return lifetime_page.value_section(self.to_come)

    @section
    def intakes(self) -> Section:
        """What are the customers of each year worth, and how does it hang on the discount rate?"""
        return lifetime_page.years_section(self.to_come)

    @section
    def valuable(self) -> Section:
        """Who will bring most?"""
        return lifetime_page.valuable_section(self.to_come)

    @section
    def certainty(self) -> Section:
        """How much of it is sure?"""
        return risk_page.certainty_section(self.certainty_of)

    @section
    def reliable(self) -> Section:
        """On whom is there most to rely?"""
        return risk_page.sure_section(self.certainty_of)

    @section
    def payment(self) -> Section:
        """How much of what is billed is never paid?"""
        return risk_page.payment_section(self.certainty_of)

    @section
    def winning(self) -> Section:
        """What does winning a customer cost, and when has it come back?"""
        return winning_page.winning_section(measure_winning(self.study, self.to_come), self.to_come)

    @section
    def past_forecasts(self) -> Section:
        """Would past money have been predicted so?"""
        return lifetime_page.past_forecasts_section(self.to_come)

    @section
    def keeping(self) -> Section:
        """What would it bring to keep more customers?"""
        return keeping_page.keeping_section(self.result, self.loyalty)

    @section
    def choices(self) -> Section:
        """How many would be of another tier by another rule?"""
        return tier_sections.choices_section(self.result, self.parted)

    @section
    def joins(self) -> Section:
        """How much of the answer hangs on which records are joined as one customer?"""
        return joins_section(self.hanging)
