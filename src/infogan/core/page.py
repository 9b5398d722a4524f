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


def fill(package: str, scripts: Sequence[str], *, style: str = "", **values: Any) -> bytes:
    """Fill page.html of a package: `style` (page.css + style), `script` (the scripts), `values`.
    `style_hash`, `script_hash`: their base64 sha256, for a content security policy. Bytes of file
    names that are no text appear as escapes."""
    sources = (files(package).joinpath(name) for name in ("page.html", "page.css", *scripts))
    html, css, *parts = (source.read_text("utf-8") for source in sources)
    for name, text in {"style": css + style, "script": "".join(parts)}.items():
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        values |= {name: Markup(text), f"{name}_hash": digest}
    return ENVIRONMENT.from_string(html).render(values).encode("utf-8", "backslashreplace")
