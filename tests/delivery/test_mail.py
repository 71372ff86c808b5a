"""Mail as a server receives it: its parts, who gets it, and what becomes of failures."""

from __future__ import annotations

import email
import html
import json
import re
from email import policy
from pathlib import Path

import pytest

from crm_research.delivery import smtp as smtp_module
from crm_research.delivery.asked import Letter, read_asked
from crm_research.delivery.letter import compose
from crm_research.delivery.mailing import send_mail
from crm_research.delivery.smtp import message_of, read_server, send
from crm_research.delivery.targets import Keep
from crm_research.errors import CrmError
from crm_research.theme.house import read_house
from tests.delivery.conftest import PASSWORD, serving_mail
from tests.delivery.shelves import PNG, add_day

PDF = b"%PDF-1.4\nsome pages\n%%EOF\n"
STUDY = """\
name: shop
currency: EUR
as_of: 2024-06-30
recipients:
  management: [anna@example.com, 'bo+crm@example.org']
  sales: cy@example.com
publish: {web: {to: site, site: 'https://reports.example.com'}}
tables: {orders: {from: orders.csv}}
"""
ORDERS = """\
order_id,customer_id,ordered_at,revenue
order-1001,buyer-2002,2024-01-01,10.5
order-1002,buyer-2003,2024-02-01,3
"""


@pytest.fixture
def shelf(tmp_path):
    shelf = tmp_path / "reports"
    add_day(shelf, tmp_path / "scratch", day="2024-05-31", share=0.25)
    add_day(shelf, tmp_path / "scratch", share=0.5, pdf=PDF)
    return shelf


@pytest.fixture
def study(tmp_path):
    path = tmp_path / "shop.yaml"
    path.write_text(STUDY, encoding="utf-8")
    (tmp_path / "orders.csv").write_text(ORDERS, encoding="utf-8")
    return str(path)


def asked(shelf, study, **more):
    return read_asked(more.pop("targets", ["mail"]), studies=[study], shelf=shelf, **more)


def parsed(box):
    return [email.message_from_bytes(content, policy=policy.default) for _, _, content in box.got]


@pytest.mark.slow
def test_each_recipient_gets_a_message_of_their_own_with_all_its_parts(shelf, study, mail):
    (outcome,) = send_mail(asked(shelf, study))
    assert outcome.problem is None
    assert outcome.recipients == ("anna@example.com", "bo+crm@example.org", "cy@example.com")
    assert [(sender, to) for sender, to, _ in mail.got] == [
        ("reports@example.com", [address]) for address in outcome.recipients
    ]
    assert mail.logins == [("reports", PASSWORD)]
    for message, address in zip(parsed(mail), outcome.recipients, strict=True):
        assert message["To"] == address
        assert message["From"] == "reports@example.com"
        assert message["Subject"] == "The shop, 2024-06-30: Of all, 50.0 % stay."
        assert message.get_content_type() == "multipart/mixed"
        kinds = [part.get_content_type() for part in message.walk()]
        assert kinds == [
            "multipart/mixed", "multipart/alternative", "text/plain", "multipart/related", "text/html", "image/png",
            "application/pdf", "application/pdf",
        ]  # fmt: skip
        plain = message.get_body(("plain",)).get_content()
        html = message.get_body(("html",)).get_content()
        for text in (plain, html.replace("\N{NO-BREAK SPACE}", " ")):
            assert "Of all, 50.0 % stay." in text
            assert "https://reports.example.com/shop/2024-06-30/churn.html" in text
            assert "As of 2024-06-30" in text
            assert "Made 2026-01-01 00:00 UTC" in text
            assert "25.0" not in text
        assert "A line of churn." in html
        # The picture of the body is the part that goes along, and is not fetched from anywhere.
        named = re.findall(r'src="cid:([^"]+)"', html)
        pictures = {
            part["Content-ID"].strip("<>"): part for part in message.walk() if part.get_content_maintype() == "image"
        }
        assert set(named) == set(pictures)
        assert all(part.get_content() == PNG for part in pictures.values())
        assert re.findall(r'src="(?!cid:)', html) == []
        attached = {part.get_filename(): part.get_content() for part in message.iter_attachments()}
        assert attached == {"churn.pdf": PDF, "loyalty.pdf": PDF}
    names = [message["Message-ID"] for message in parsed(mail)]
    assert len(set(names)) == 3
    send_mail(asked(shelf, study))
    assert [message["Message-ID"] for message in parsed(mail)][3:] == names


@pytest.mark.slow
def test_a_list_or_a_named_address_gets_it_alone(shelf, study, mail):
    send_mail(asked(shelf, study, targets=[], lists=["sales"]))
    send_mail(asked(shelf, study, targets=[], recipients=["dee@example.com"]))
    assert [to for _, to, _ in mail.got] == [["cy@example.com"], ["dee@example.com"]]
    assert asked(shelf, study, targets=[], recipients=["dee@example.com"]).targets == ()


def test_the_summary_speaks_first_and_its_pdf_goes_alone(tmp_path, mail):
    add_day(tmp_path / "r", tmp_path / "s", reports=("churn", "summary"), pdf=PDF, share=0.5)
    content = compose(tmp_path / "r" / "shop" / "2024-06-30")
    assert [path.name for path in content.attached] == ["summary.pdf"]
    assert [picture.alt for picture in content.pictures] == ["A line of summary."]
    assert content.html.index("summary report") < content.html.index("churn report")


def test_both_forms_of_the_body_say_the_same(tmp_path):
    """Word by word, in the same order, with hostile titles, several sentences and pictures."""
    add_day(tmp_path / "r", tmp_path / "s", reports=("churn", "loyalty", "summary"), pdf=PDF, share=0.5)
    folder = tmp_path / "r" / "shop" / "2024-06-30"
    run = json.loads((folder / "run.json").read_text())
    for entry in run["reports"]:
        entry["title"] = f"{entry['report']} <b>&amp; Söhne\n 北京"
        entry["answer"] = [f"{entry['report']} is 5\N{NO-BREAK SPACE}% < 7 $.", "A second\nline & more."]
        entry["study"]["title"] = 'Shop "A" <1>'
    (folder / "run.json").write_text(json.dumps(run))
    for site in (None, "https://reports.example.com/a b"):
        content = compose(folder, site=site)
        shown = re.sub(r'<img [^>]*alt="([^"]*)"[^>]*>', r" [Picture: \1] ", content.html.split("<body", 1)[1])
        shown = re.sub(r'<a href="([^"]*)"[^>]*>(.*?)</a></h2>((?:<p [^>]*>.*?</p>)*)', r"\2</h2>\3 \1 ", shown)
        words = html.unescape(re.sub(r"<[^>]*>", " ", shown.partition(">")[2])).split()
        plain = content.plain.split()
        # The day stands above the title in one, and below it in the other.
        n_title, n_day = 3, 3
        assert words[:n_day] == plain[n_title : n_title + n_day] == ["As", "of", "2024-06-30"]
        assert words[n_day : n_day + n_title] == plain[:n_title]
        assert words[n_day + n_title :] == plain[n_day + n_title :]
        assert plain.count("second") == 1
        assert ("https://reports.example.com/a b/shop/2024-06-30/summary.html" in content.plain) == (site is not None)


def test_the_letter_has_the_look_of_the_house(tmp_path):
    add_day(tmp_path / "r", tmp_path / "s", reports=("churn",))
    (tmp_path / "house.yaml").write_text(
        'name: "Acme & Söhne"\nfont: Source Sans 3\ncolours: {accent: "#7a1f5c", ink: "#222222"}\n', encoding="utf-8"
    )
    folder = tmp_path / "r" / "shop" / "2024-06-30"
    said = compose(folder, site="https://x.example/", house=read_house(tmp_path / "house.yaml")).html
    assert "Acme &amp; Söhne · As of 2024-06-30" in said
    assert 'style="color:#7a1f5c">' in said
    assert "font-family:'Source Sans 3', Helvetica" in said
    assert "color:#222222;" in said
    usual = compose(folder, site="https://x.example/").html
    assert ("#0b6e99" in usual, "#7a1f5c" in usual) == (True, False)


@pytest.mark.parametrize(
    ("ending", "kind"), [("png", "image/png"), ("jpg", "image/jpeg"), ("svg", None), ("webp", None)]
)
def test_the_logo_of_the_house_goes_along_where_mail_programs_show_it(tmp_path, ending, kind):
    add_day(tmp_path / "r", tmp_path / "s", reports=("churn",))
    (tmp_path / f"logo.{ending}").write_bytes(b"<svg/>" if ending == "svg" else b"a logo of " + ending.encode())
    (tmp_path / "house.yaml").write_text(f'name: "A & B"\nlogo: logo.{ending}\n', encoding="utf-8")
    content = compose(tmp_path / "r" / "shop" / "2024-06-30", house=read_house(tmp_path / "house.yaml"))
    assert "A &amp; B · As of 2024-06-30" in content.html
    assert [picture.alt for picture in content.pictures] == (["A & B"] if kind else []) + ["A line of churn."]
    body = content.html.split("<body", 1)[1]
    assert body.count("<img") == len(content.pictures)
    if kind:
        assert body.index(f'src="cid:{content.pictures[0].name}" alt="A &amp; B" height="40"') < body.index("As of")
        message = message_of(content, sender="a@example.com", recipient="b@example.com")
        first = next(part for part in message.walk() if part.get_content_maintype() == "image")
        assert (first.get_content_type(), first.get_content()) == (kind, b"a logo of " + ending.encode())


def test_the_study_s_own_look_goes_with_its_letter(shelf, study, tmp_path):
    file = Path(study)
    file.write_text(file.read_text(encoding="utf-8") + "house: own.yaml\n", encoding="utf-8")
    (file.parent / "own.yaml").write_text("name: Own\n", encoding="utf-8")
    (letter,) = asked(shelf, study).letters
    assert letter.house == file.parent / "own.yaml"


def test_nobody_is_sent_an_empty_mail(tmp_path, mail):
    add_day(tmp_path / "r", tmp_path / "s", reports=("churn",))
    run = tmp_path / "r" / "shop" / "2024-06-30" / "run.json"
    run.write_text(run.read_text().replace('"page": "churn.html"', '"page": null'))
    with pytest.raises(CrmError, match="nobody is sent an empty mail"):
        compose(run.parent)


def test_what_passes_is_tried_again_and_what_does_not_is_named(shelf, study, mail, monkeypatch):
    monkeypatch.setattr(smtp_module, "FIRST_PAUSE", 0.01)
    mail.failing += ["451 4.3.0 busy", "421 4.3.2 closing"]
    mail.refused.add("bo+crm@example.org")
    content = compose(shelf / "shop" / "2024-06-30")
    refused = send(read_server(), content, ["anna@example.com", "bo+crm@example.org", "cy@example.com"], pause=0.01)
    assert [to for _, to, _ in mail.got] == [["anna@example.com"], ["cy@example.com"]]
    assert list(refused) == ["bo+crm@example.org"]
    assert "refuses the address (550 5.1.1 nobody of that name here)" in refused["bo+crm@example.org"]


def test_a_wrong_password_is_told_without_it(shelf, study, mail, monkeypatch):
    monkeypatch.setenv("CRM_RESEARCH_SMTP_PASSWORD", "wrong-and-secret")
    (outcome,) = send_mail(asked(shelf, study))
    assert "does not take user and password" in outcome.problem
    assert "wrong-and-secret" not in outcome.problem
    assert mail.got == []


@pytest.mark.slow
def test_the_line_is_closed_to_others_or_nothing_is_sent(shelf, study, certificate, mail, monkeypatch):
    # A certificate that nobody vouches for.
    monkeypatch.delenv("CRM_RESEARCH_SMTP_CA_FILE")
    (outcome,) = send_mail(asked(shelf, study))
    assert "shows a certificate that nobody here vouches for" in outcome.problem
    with serving_mail(certificate, how="open") as box:
        monkeypatch.setenv("CRM_RESEARCH_SMTP", f"smtp://reports@localhost:{box.port}")
        (outcome,) = send_mail(asked(shelf, study))
        assert "offers no STARTTLS" in outcome.problem
        assert (box.got, box.logins) == ([], [])
    with serving_mail(certificate, how="tls") as box:
        monkeypatch.setenv("CRM_RESEARCH_SMTP", f"smtps://reports@localhost:{box.port}")
        monkeypatch.setenv("CRM_RESEARCH_SMTP_CA_FILE", str(certificate))
        (outcome,) = send_mail(asked(shelf, study))
        assert outcome.problem is None
        assert len(box.got) == 3


def test_a_dry_run_says_who_would_get_what_and_needs_no_server(shelf, study):
    (outcome,) = send_mail(asked(shelf, study), is_dry=True)
    assert outcome.recipients == ("anna@example.com", "bo+crm@example.org", "cy@example.com")
    assert [name for name, _ in outcome.parts] == [
        "plain text", "HTML", "picture: A line of churn.", "picture: A line of loyalty.", "churn.pdf", "loyalty.pdf",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({}, "CRM_RESEARCH_SMTP names none"),
        ({"CRM_RESEARCH_SMTP": "https://example.com"}, "is no address of a mail server"),
        ({"CRM_RESEARCH_SMTP": "smtp://a:geheim@example.com"}, "holds a password (smtp://***@example.com)"),
        ({"CRM_RESEARCH_SMTP": "smtp://example.com:x"}, "is no address of a mail server"),
        (
            {"CRM_RESEARCH_SMTP": "smtp://example.com"},
            "CRM_RESEARCH_MAIL_FROM says whom mail is from, and it is not set",
        ),
        ({"CRM_RESEARCH_SMTP": "smtp://example.com", "CRM_RESEARCH_MAIL_FROM": "anna"}, "'anna' is no address"),
        (
            {
                "CRM_RESEARCH_SMTP": "smtp://example.com",
                "CRM_RESEARCH_MAIL_FROM": "anna@example.com",
                "CRM_RESEARCH_SMTP_PASSWORD_FILE": "/nowhere",
            },
            "CRM_RESEARCH_SMTP_PASSWORD_FILE names /nowhere, which cannot be read",
        ),
    ],
)
def test_a_server_that_is_named_wrongly_is_told(variables, said, monkeypatch):
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(CrmError) as told:
        read_server()
    assert said in str(told.value)
    assert "geheim" not in str(told.value)


def test_a_password_may_lie_in_a_file(tmp_path, monkeypatch):
    (tmp_path / "password").write_text("from-a-file\n")
    monkeypatch.setenv("CRM_RESEARCH_SMTP", "smtps://reports@example.com")
    monkeypatch.setenv("CRM_RESEARCH_MAIL_FROM", "reports@example.com")
    monkeypatch.setenv("CRM_RESEARCH_SMTP_PASSWORD_FILE", str(tmp_path / "password"))
    server = read_server()
    assert (server.password, server.port, server.is_tls) == ("from-a-file", 465, True)
    assert "from-a-file" not in repr(server)


def test_what_is_asked_wrongly_is_told_before_anything_is_sent(shelf, study, tmp_path):
    with pytest.raises(CrmError, match="--recipient 'anna' has no @"):
        asked(shelf, study, recipients=["anna"])
    with pytest.raises(CrmError, match=r"--to sails: no study file has a list of that name. Did you mean 'sales'"):
        asked(shelf, study, lists=["sails"])
    bare = tmp_path / "bare.yaml"
    bare.write_text("name: shop\ncurrency: EUR\nas_of: 2024-06-30\ntables: {orders: {from: orders.csv}}\n")
    with pytest.raises(CrmError, match="the study file of shop holds no recipients"):
        asked(shelf, str(bare))
    with pytest.raises(CrmError, match="the study file of shop holds neither publish nor recipients"):
        asked(shelf, str(bare), targets=[])
    with pytest.raises(CrmError, match="begins with ftp://, where nothing is published"):
        asked(shelf, study, targets=["ftp://example.com/x"])
    with pytest.raises(CrmError, match="holds credentials") as told:
        asked(shelf, study, targets=["sftp://web:geheim@example.com/x"])
    assert "geheim" not in str(told.value)


def test_a_study_file_says_all(shelf, study, tmp_path):
    found = asked(shelf, study, targets=[])
    assert [target.said for target in found.targets] == [str(tmp_path / "site")]
    assert found.letters == (
        Letter(
            study="shop",
            recipients=("anna@example.com", "bo+crm@example.org", "cy@example.com"),
            site="https://reports.example.com/",
        ),
    )
    named = asked(shelf, study, targets=["web"], keep=Keep(runs=3))
    assert [(target.said, target.keep.runs) for target in named.targets] == [(str(tmp_path / "site"), 3)]
    assert named.letters == ()


def test_a_letter_with_an_id_in_it_is_not_sent(shelf, study, mail, tmp_path):
    run = shelf / "shop" / "2024-06-30" / "run.json"
    run.write_text(run.read_text().replace("Of all, 50.0 % stay.", "Call buyer-2003."), encoding="utf-8")
    (outcome,) = send_mail(asked(shelf, study))
    assert outcome.problem.startswith("Nothing was sent: what would be sent tells of persons in ")
    assert "letter.txt, line" in outcome.problem
    assert "the id of a customer" in outcome.problem
    assert "buyer-2003" not in outcome.problem
    assert mail.got == []
