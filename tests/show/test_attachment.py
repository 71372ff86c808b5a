import base64
import re

import pytest

from crm_research.show import attachment


@pytest.fixture
def shown(monkeypatch):
    outputs = []
    monkeypatch.setattr(attachment, "emit", lambda html, plain, **others: outputs.append((html, plain, others)))
    return outputs


def test_the_file_is_in_the_page_and_in_the_output(shown):
    attachment.attach("groups.json", '{"名": "客户"}', "Take it <along>.")
    html, plain, others = shown[0]
    held = re.search(r"base64,([^\"]+)", html).group(1)
    assert base64.b64decode(held).decode("utf-8") == '{"名": "客户"}'
    assert "&lt;along&gt;" in html
    assert plain == "File groups.json: Take it <along>."
    assert others[attachment.FILE_MIME] == {"name": "groups.json", "text": '{"名": "客户"}'}


@pytest.mark.parametrize("name", ["../up.json", "a b.json", "page.html", "", "Run.json"])
def test_a_name_that_could_overwrite_or_escape_is_refused(shown, name):
    with pytest.raises(ValueError, match="name"):
        attachment.attach(name, "x", "words")
    assert not shown


def test_a_file_without_words_is_refused(shown):
    with pytest.raises(ValueError, match="words"):
        attachment.attach("a.json", "x", " ")
