"""Pages that are one HTML file and load nothing: a template with its style and scripts put in."""

import base64
import hashlib
from collections.abc import Sequence
from importlib.resources import files
from typing import Any

import jinja2
from markupsafe import Markup

ENVIRONMENT = jinja2.Environment(
    autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True
)
"""No text becomes markup, and a missing name is an error. `| tojson` writes JSON that neither ends
the script block it stands in nor starts a comment there."""


def fill(package: str, scripts: Sequence[str], *, style: str = "", **values: Any) -> bytes:
    """page.html of a package with its `style` (page.css, then the style given), its `script` (the
    scripts in that order), and `style_hash` and `script_hash` for its content security policy.

    values: what else the template names. Bytes of file names that are no text appear as escapes.
    """

    def part(name: str) -> str:
        return files(package).joinpath(name).read_text(encoding="utf-8")

    style, script = part("page.css") + style, "".join(map(part, scripts))
    html = ENVIRONMENT.from_string(part("page.html")).render(
        **values,
        style=Markup(style),
        style_hash=digest(style),
        script=Markup(script),
        script_hash=digest(script),
    )
    return html.encode("utf-8", "backslashreplace")


def digest(text: str) -> str:
    """A style or script as a content security policy names it: its sha256 in base64."""
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
