"""Questionnaires."""

from __future__ import annotations

import json

from tests.sources.drafts.layouts.world import ANSWERS, Layout, table

_WORDS = ("Very dissatisfied", "Dissatisfied", "Neutral", "Satisfied", "Very satisfied")
_CHINESE = ("非常不满意", "不满意", "一般", "满意", "非常满意")
# 36 recommend (186), 40 satisfied (120).
_RIGHT = {"recommend": 186.0, "n_recommend": 36, "satisfied": 120.0, "n_satisfied": 40}


def _qualtrics() -> str:
    names = [
        "StartDate",
        "EndDate",
        "Status",
        "IPAddress",
        "Progress",
        "Duration (in seconds)",
        "Finished",
        "RecordedDate",
        "ResponseId",
        "ExternalReference",
        "DistributionChannel",
        "UserLanguage",
        "Q1_NPS_GROUP",
        "Q1",
        "Q2_1",
        "Q3",
    ]
    said = [
        *["Start Date", "End Date", "Response Type", "IP Address", "Progress", "Duration (in seconds)", "Finished"],
        *["Recorded Date", "Response ID", "External Data Reference", "Distribution Channel", "User Language"],
        *["How likely are you to recommend us? - Group", "How likely are you to recommend us?"],
        *["How satisfied are you with: - Delivery", "Any comments?"],
    ]
    ids = [json.dumps({"ImportId": name}) for name in names]
    rows = []
    for a in ANSWERS:
        at = f"{a.at:%Y-%m-%d %H:%M:%S}"
        nps = a.recommend
        group = "" if nps is None else "Promoter" if nps > 8 else "Passive" if nps > 6 else "Detractor"
        rows.append(
            [
                *[
                    at,
                    at,
                    "IP Address",
                    "*******",
                    100,
                    60 + a.s,
                    "True",
                    at,
                    f"R_{a.s:04d}",
                    f"C{a.s:04d}",
                    "email",
                    "EN",
                ],
                *[group, nps, _WORDS[a.satisfied - 1], ""],
            ]
        )
    rows.insert(
        0, [at, at, "Survey Preview", "*******", 100, 60, "True", at, "R_9998", "", "preview", "EN", "", 3, "", ""]
    )
    rows.insert(
        3, [at, at, "IP Address", "*******", 40, 60, "False", at, "R_9999", "C9999", "email", "EN", "", 9, "", ""]
    )
    return table(",".join(names), [said, ids, *rows])


def _surveymonkey() -> str:
    head = (
        "Respondent ID,Collector ID,Start Date,End Date,IP Address,Email Address,"
        "How likely is it that you would recommend us to a friend?,How satisfied are you with,"
    )
    second = ["", "", "", "", "", "", "Response", "Price", "Quality"]
    rows = []
    for a in ANSWERS:
        at = f"{a.at:%m/%d/%Y %I:%M:%S %p}"
        rows.append([11400000000 + a.s, 4000, at, at, "", "", a.recommend or "N/A", a.satisfied, a.satisfied])
    return table(head, [second, *rows])


def _wjx() -> str:
    head = (
        "序号,提交答卷时间,所用时间,来源,来源详情,来自IP,1、您向朋友或同事推荐我们的可能性有多大？,"
        "2、您对以下各项的满意度：—价格,总分"
    )
    return table(
        head,
        [
            [
                *[a.s + 1, f"{a.at:%Y/%-m/%-d %H:%M:%S}", f"{60 + a.s}秒", "微信", "N/A", "*", a.recommend or "(跳过)"],
                *[_CHINESE[a.satisfied - 1], (a.recommend or 0) + a.satisfied],
            ]
            for a in ANSWERS
        ],
    )


def _typeform() -> str:
    head = (
        "#,How likely are you to recommend us to a friend?,How satisfied are you with our service?,"
        "Start Date (UTC),Submit Date (UTC),Network ID"
    )
    return table(
        head,
        [
            [
                *[f"{a.s:032x}", a.recommend, a.satisfied, f"{a.at:%Y-%m-%d %H:%M:%S}", f"{a.at:%Y-%m-%d %H:%M:%S}"],
                f"{a.s:010x}",
            ]
            for a in ANSWERS
        ],
    )


def _google_forms() -> str:
    head = (
        "Timestamp,Email Address,How likely are you to recommend us? (0-10),"
        "How satisfied are you overall?,Anything else?"
    )
    return table(
        head,
        [
            [f"{a.at:%m/%d/%Y %H:%M:%S}", f"p{a.s}@example.com", a.recommend, _WORDS[a.satisfied - 1], ""]
            for a in ANSWERS
        ],
    )


def _limesurvey() -> str:
    return table(
        "Antwort ID;Datum Abgeschickt;Zugangscode;Wie wahrscheinlich ist es, dass Sie uns weiterempfehlen?;"
        "Wie zufrieden sind Sie mit dem Service?".replace(", ", " ").replace(";", ","),
        [
            [
                a.s + 1,
                f"{a.at:%d.%m.%Y %H:%M}",
                f"T{a.s:05d}",
                "k. A." if a.recommend is None else a.recommend,
                a.satisfied,
            ]
            for a in ANSWERS
        ],
        sep=";",
    )


LAYOUTS = (
    Layout(
        name="qualtrics",
        text=_qualtrics(),
        table="surveys",
        columns={"response_id": "ResponseId", "customer_id": "ExternalReference", "asked_at": "RecordedDate"},
        numbers=_RIGHT,
        checked=("where",),
    ),
    Layout(
        name="surveymonkey",
        text=_surveymonkey(),
        table="surveys",
        columns={"response_id": "Respondent ID", "asked_at": ""},
        numbers=_RIGHT,
    ),
    Layout(
        name="wjx",
        text=_wjx(),
        table="surveys",
        columns={"asked_at": "提交答卷时间"},
        numbers=_RIGHT,
        encoding="gb18030",
    ),
    Layout(
        name="typeform",
        text=_typeform(),
        table="surveys",
        columns={"response_id": "#", "asked_at": "Submit Date (UTC)"},
        numbers=_RIGHT,
        is_aside=True,
    ),
    Layout(
        name="google-forms",
        text=_google_forms(),
        table="surveys",
        columns={"customer_id": "Email Address", "asked_at": "Timestamp"},
        numbers=_RIGHT,
        is_aside=True,
    ),
    Layout(
        name="limesurvey",
        text=_limesurvey(),
        table="surveys",
        columns={"response_id": "Antwort ID", "asked_at": "Datum Abgeschickt"},
        numbers=_RIGHT,
        encoding="cp1252",
    ),
)
