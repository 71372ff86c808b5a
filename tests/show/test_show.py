import pandas as pd
import pytest
from matplotlib import pyplot as plt

from crm_research import show
from crm_research.figures import FIGURES_MIME
from tests.builders import a_study, orders
from tests.reporting.pages import a_chart, a_figure, bundles


def shown(call):
    (bundle,) = bundles(call)
    return bundle


def test_an_answer_keeps_its_sentences_apart_and_escapes_them():
    bundle = shown(lambda: show.answer("Half stay.", "Of <b>those</b> 5 % left."))
    assert bundle["text/plain"] == "Half stay.\nOf <b>those</b> 5 % left."
    assert "<p>Of &lt;b&gt;those&lt;/b&gt; 5\N{NO-BREAK SPACE}% left.</p>" in bundle["text/html"]
    assert bundle[show.ANSWER_MIME] == {"sentences": ["Half stay.", "Of <b>those</b> 5 % left."]}


@pytest.mark.parametrize("sentences", [(), ("",), ("a", "b", "c", "d")])
def test_an_answer_has_one_to_three_sentences(sentences):
    with pytest.raises(ValueError, match="one to 3 sentences"):
        show.answer(*sentences)


def test_figures_travel_as_records_and_say_when_nothing_checked_them():
    bundle = shown(
        lambda: show.figures(
            a_figure(),
            [a_figure(id="test.median", estimate=float("inf"), unit="days", lower=95, upper=None, validation="none")],
        )
    )
    first, second = bundle[FIGURES_MIME]
    assert first == a_figure().as_record() | {"said": "50.0 %"}
    assert second["estimate"] is None
    assert bundle["text/html"].count("not validated") == 1
    assert bundle["text/plain"].splitlines()[1] == "Customers who buy again: not reached (95 days or more), n = 200"


def test_below_a_table_a_method_is_told_once_with_the_level_of_its_limits():
    methods = ["Counts", "Counts; 90 % interval", "Counts by month", "Counts; 90 % interval"]
    made = [a_figure(group=f"g{place}", estimator=method) for place, method in enumerate(methods)]
    plain = shown(lambda: show.figures(made, as_table="Figures"))["text/plain"]
    assert plain.splitlines()[-1].endswith(". Counts; 90 % interval; Counts by month.")


def test_a_number_that_its_own_check_refutes_is_louder_than_an_unchecked_one():
    said = "holdout: 4,000 expected, 3,389 came; does not agree"
    alike = f"{said}; equal to lifelines (Kaplan-Meier) to 1e-6 on 464 customers"
    card = shown(lambda: show.figures(a_figure(validation=alike, verdict="refuted")))["text/html"]
    assert f'<span class="why">{said}</span>' in card
    assert f"<dd>{alike}</dd>" in card
    refuted = a_figure(validation=said, verdict="refuted")
    found = shown(lambda: show.figures(refuted))
    html, text = found["text/html"], found["text/plain"]
    assert '<p class="refuted">refuted by its own check' in html
    assert html.index("3,389 came") < html.index("<details>")  # in plain sight, not in the fold
    assert "; refuted by its own check (holdout: 4,000 expected, 3,389 came; does not agree)" in text
    table = shown(lambda: show.figures(refuted, as_table="Figures"))
    assert "refuted by its own check: holdout: 4,000 expected" in table["text/html"]
    agrees = shown(lambda: show.figures(a_figure(validation="came as expected", verdict="agrees")))
    assert "refuted" not in agrees["text/html"]


def test_the_same_figure_cannot_be_shown_twice_in_one_call():
    with pytest.raises(ValueError, match="twice"):
        show.figures(a_figure(), a_figure())
    bundle = shown(lambda: show.figures(a_figure(group="a"), a_figure(group="b")))
    assert len(bundle[FIGURES_MIME]) == 2


def test_a_table_prints_each_column_by_its_type_and_keeps_the_order_of_rows():
    frame = pd.DataFrame(
        {
            "segment": ["b <i>", "a"],
            "n_customers": [1_000, 2],
            "repeat_rate": [0.1, None],
            "since": pd.to_datetime(["2020-01-01", "2020-02-01 13:30"], format="mixed"),
            "is_open": [True, False],
        }
    )
    bundle = shown(lambda: show.table(frame, "Segments", note="Of 2024."))
    assert bundle["text/plain"].splitlines() == [
        "Segments",
        "segment  n customers  repeat rate  since             is open",
        "b <i>          1,000       10.0 %  2020-01-01        yes",
        "a                  2            –  2020-02-01 13:30  no",
        "Of 2024.",
    ]
    html = bundle["text/html"]
    assert '<th scope="row">b &lt;i&gt;</th>' in html
    assert '<th scope="col" class="num">n customers</th>' in html
    assert "<caption>Segments</caption>" in html


def test_a_long_table_says_what_it_leaves_out_and_an_empty_one_that_it_is_empty():
    frame = pd.DataFrame({"x": range(1_234)})
    assert "The first 50 of 1,234 rows." in shown(lambda: show.table(frame, "Rows"))["text/plain"]
    assert "No rows." in shown(lambda: show.table(frame.head(0), "Rows"))["text/plain"]


def test_a_format_for_a_column_that_is_not_there_is_an_error():
    with pytest.raises(ValueError, match="revenu"):
        show.table(pd.DataFrame({"revenue": [1.0]}), "Money", formats={"revenu": "USD"})


def test_a_chart_needs_words_for_those_who_do_not_see_it():
    figure, _ = plt.subplots()
    with pytest.raises(ValueError, match="alt"):
        show.chart(figure, alt=" ")
    plt.close(figure)


def test_a_chart_is_the_same_each_time_closed_and_free_of_fixed_ink():
    figure, axes = plt.subplots()
    axes.set_title("客户")
    first = shown(lambda: show.chart(axes, alt="A line. It rises."))
    assert not plt.fignum_exists(figure.number)
    assert "客户" in first["text/html"]
    assert first["text/plain"] == "[picture: A line. It rises.]"
    one, two = shown(a_chart), shown(a_chart)
    assert one == two
    assert 'role="img"' in one["text/html"]
    assert "var(--muted, #5f6b76)" in one["text/html"]
    assert "<title id=" in one["text/html"]
    assert "The share rises to one half. It never falls.</desc>" in one["text/html"]
    assert "<metadata>" not in one["text/html"]


def test_provenance_names_study_inputs_methods_and_versions():
    study = a_study(orders=orders(("a", "2024-01-01", 3.0)))
    text = shown(lambda: show.provenance(study, estimators={"survival": "Kaplan-Meier"}))["text/plain"]
    assert "Study: Handmade (handmade)" in text
    assert "As of: 2024-07-01" in text
    assert "Method: survival: Kaplan-Meier" in text
    assert "pandas 2." in text


def test_outside_a_kernel_the_plain_text_is_printed(capsys):
    show.note("Few customers.", kind="caution")
    assert capsys.readouterr().out == "Caution: Few customers.\n"
