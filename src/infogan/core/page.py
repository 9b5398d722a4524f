"""Pages that are one HTML file and load nothing: a template with its style and scripts put in."""

import base64
import hashlib
from collections.abc import Sequence
from importlib.resources import files
from typing import Any

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

# No text becomes markup, and JSON by `| tojson` neither ends its script block nor starts a comment.
ENVIRONMENT = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True)


def fill(
    package: str, page: str, scripts: Sequence[str], *, style: str = "", **values: Any
) -> bytes:
    """Fill PAGE.html of a package: `style` (page.css, PAGE.css, then style), `script` (the
    scripts), `values`. `style_hash`, `script_hash`: their base64 sha256, for a content security
    policy. Bytes of file names that are no text appear as escapes."""

    def together(*names: str) -> str:
        return "".join(_text(package, name) for name in names)

    html, css = together(f"{page}.html"), together(*dict.fromkeys(["page.css", f"{page}.css"]))
    for name, text in {"style": css + style, "script": together(*scripts)}.items():
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        values |= {name: Markup(text), f"{name}_hash": digest}
    return ENVIRONMENT.from_string(html).render(values).encode("utf-8", "backslashreplace")


def fragment(package: str, part: str, **values: Any) -> str:
    """PART.html of a package, filled: what stands in a page of someone else's, as a notebook's."""
    return ENVIRONMENT.from_string(_text(package, f"{part}.html")).render(values)


def _text(package: str, name: str) -> str:
    return files(package).joinpath(name).read_text("utf-8")
