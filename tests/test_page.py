"""Pages of one file: text stays text, JSON stays in its block, and only their own script runs."""

import base64
import hashlib
import json
import re
from html import unescape

import jinja2
import pytest

from infogan.core import page

HOSTILE = "</script><!-- & \u2028 'a' \"b\" <img src=x onerror=alert(1)>"


def test_json_neither_ends_its_block_nor_starts_a_comment() -> None:
    tree = {"name": HOSTILE, HOSTILE: [1, None, "\udcff"]}
    written = page.ENVIRONMENT.from_string("{{ tree | tojson }}").render(tree=tree)
    assert not set("<>&\u2028") & set(written)
    assert json.loads(written) == tree


def test_text_stays_text() -> None:
    template = page.ENVIRONMENT.from_string("<p title='{{ text }}'>{{ text }}</p>")
    written = template.render(text=HOSTILE)
    found = re.fullmatch(r"<p title='([^<>'\"]*)'>([^<>'\"]*)</p>", written)
    assert found is not None
    assert {unescape(part) for part in found.groups()} == {HOSTILE}
    with pytest.raises(jinja2.UndefinedError):
        template.render()


def test_the_policy_names_the_style_and_the_script_that_are_there() -> None:
    facts = {"title": HOSTILE, "facts": {"a": HOSTILE}, "blocks": {"noise": "QUJD"}}
    facts |= {"still": "", "stills": ""}
    own = ":root { --w: 1px; }"
    text = page.fill(
        "infogan.explorer", "page", ["point.js", "main.js"], style=own, **facts
    ).decode()
    policy = re.findall(r'content="(default-src [^"]*)"', text)[0]
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    style = re.findall(r"<style>(.*?)</style>", text, re.DOTALL)[0]
    script = re.findall(r"<script>(.*?)</script>", text, re.DOTALL)[0]
    assert style.endswith(own)
    assert script.index("const clamp") < script.index("let point =")
    for rule, part in (("style-src", style), ("script-src", script)):
        sha256 = base64.b64encode(hashlib.sha256(part.encode()).digest()).decode()
        assert rules[rule].split()[0] == f"'sha256-{sha256}'"
    assert text.count("<script") == 3
    assert "unsafe-inline" not in policy and "http" not in policy
