import base64
import re

import pytest

from crm_research import show
from crm_research.show.attachment import FILE_MIME, render_attachment


def test_the_file_is_in_the_page_and_in_the_output():
    output = show.File("groups.json", '{"名": "客户"}', "Take it <along>.").render()
    held = re.search(r"base64,([^\"]+)", output.html).group(1)
    assert base64.b64decode(held).decode("utf-8") == '{"名": "客户"}'
    assert "&lt;along&gt;" in output.html
    assert output.plain == "File groups.json: Take it <along>."
    assert output.types == {FILE_MIME: {"name": "groups.json", "text": '{"名": "客户"}'}}


@pytest.mark.parametrize("name", ["../up.json", "a b.json", "page.html", "", "Run.json"])
def test_a_name_that_could_overwrite_or_escape_is_refused(name):
    with pytest.raises(ValueError, match="name"):
        render_attachment(name, "x", "words")


def test_a_file_without_words_is_refused():
    with pytest.raises(ValueError, match="words"):
        render_attachment("a.json", "x", " ")
