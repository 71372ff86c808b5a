"""A statistician's words and what a manager reads in their place."""

from __future__ import annotations

import re
from typing import Final

# What no page shows to a manager.
_WORDS: Final = (
    r"confidence (?:level|limit|band|interval)s?", "intervals?", "hazards?", "p-values?", r"p [=<]", "log-rank",
    r"bootstrap\w*", "estimators?", r"validat\w+", "holdouts?", "covariates?", "regressions?", "logistic",
    "likelihood", "posterior", r"bayes\w*", "quantiles?", "percentiles?", "medians?", "variances?",
    r"standard (?:error|deviation)s?", r"significan\w+", "coefficients?", r"correlat\w+", r"heterogen\w+", "AUC",
    "Brier", "ROC", r"calibrat\w+", "Gini", "Kaplan", "Cox", r"[A-Z/]*NBD", "Pareto", "Dirichlet", "Markov", "Holm",
    "Wilson", "Wald", "Jaccard", "silhouettes?", r"censor\w+", "survival", "cumulative incidence", "odds",
    r"null (?:data|hypothesis|model)", "residuals?", "R²", "AIC", "BIC", "k-means", r"stratif\w+", r"refut\w+",
    "verdicts?", r"n =", r"n \d[\d,]*", "RFM", "recency", "tenures?", "frailt(?:y|ies)", "concordance",
    r"propensit\w+", "fitted", "models?", "degrees of freedom", "hypothes[ie]s", "parameters?",
    r"(?<!would )(?<!may )(?<!can )mean(?= of| and| \w+ within)", r"(?<=the )mean",
    r"mean (?:chance|share|number|time|score|value)s?", "ratios?",
)  # fmt: skip
_STATISTICS: Final = re.compile(rf"(?<![\w-])(?:{'|'.join(_WORDS)})(?![\w-])", re.IGNORECASE)
# A method's name in brackets says nothing to a manager.
_ASIDE: Final = re.compile(r" \((?:adjusted )?(?:Wald|Wilson|Holm|Cox|Jaccard)\)")
# Read from above: a longer phrase before the word in it.
_PLAIN: Final = tuple(
    (re.compile(rf"(?<![\w-]){pattern}(?![\w-])", re.IGNORECASE), plain)
    for pattern, plain in (
        (r"intervals? between", "time between"),
        (r"[\d.]+\s?% (?:confidence )?interval", "likely range"),
        (r"[\d.]+\s?% (?:confidence )?intervals", "likely ranges"),
        (r"an interval", "a range"),
        (r"interval", "range"),
        (r"intervals", "ranges"),
        (r"refuted by its own check", "its own check speaks against it"),
        (r"not validated", "not checked yet"),
        (r"validated", "checked"),
        (r"validation", "check"),
        (r"refuted", "did not hold"),
        (r"refutes", "speaks against"),
        (r"in the holdout of ([\d,]+ \w+)", r"in the \1 kept apart for the check"),
        (r"(\w+) of the holdout", r"\1 kept apart for the check"),
        (r"holdouts?", "time kept apart for the check"),
        (r"median tenure", "half have left after"),
        (r"median days to (the [\w ]+)", r"days until half have come to \1"),
        (r"mean tenure", "time with us, on average,"),
        (r"recency, frequency and money", "the last purchase, how often and how much"),
        (r"recency", "time since the last purchase"),
        (r"medians", "middle values"),
        (r"median", "middle"),
        (r"mean(?= of| and| \w+ within)", "average"),
        (r"(?<=the )mean", "average"),
        (r"mean(?= (?:chance|share|number|time|score|value))", "average"),
        (r"hazards?", "danger"),
        (r"by tenure", "by time since the start"),
        (r"tenures?", "time since the start"),
        (r"models", "calculations"),
        (r"model", "calculation"),
        (r"verdicts?", "finding"),
        (r"n =? ?(\d[\d,]*)", r"\1 records"),
    )
)


def has_statistics(text: str) -> bool:
    """Is there a statistician's word in it?"""
    return _STATISTICS.search(text) is not None


def in_plain_words(text: str) -> str | None:
    """The text as a manager reads it; None where no plain words say the same.

    Examples
    --------
    >>> in_plain_words("Share with its 95 % interval"), in_plain_words("the highest silhouette")
    ('Share with its likely range', None)
    """
    if not has_statistics(text):
        return text
    text = _ASIDE.sub("", text)
    for pattern, plain in _PLAIN:
        text = pattern.sub(lambda match, plain=plain: _as_begun(match, plain), text)  # type: ignore[misc]
    return None if has_statistics(text) else text


def _as_begun(match: re.Match[str], plain: str) -> str:
    """The plain words with a capital where those that they stand for had one and a sentence begins."""
    said = match.expand(plain)
    begins = match.group(0)[:1].isupper() and match.string[: match.start()].rstrip()[-1:] in (
        "",
        ".",
        ":",
        ";",
        "?",
        "!",
    )
    return said[:1].upper() + said[1:] if begins else said
