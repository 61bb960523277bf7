"""What all pages share: the base template, one style, one policy."""

import base64
import hashlib
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from grader.formats import attention, markup, transport, words
from grader.formats.advice import Advice
from grader.formats.escaping import link, one_line, visible
from grader.formats.files import file_stem, student_file_name

# A template gives most expressions on their own, and all checks of a student as one piece.
_PIECES_PER_CHUNK = 100
_FORMATS = "grader.formats"


def page(
    template: str, context: Mapping[str, Any], package: str = _FORMATS, style: str = ""
) -> str:
    """Render a page without a script as a whole, from the `templates/` of `package`.

    `style` is a file of them that is added to the style of all pages.
    """
    parts = _own_parts("", package, style)
    return _environment(package).get_template(template).render(parts, **context)


def stream(template: str, context: Mapping[str, Any], script: str = "") -> Iterator[str]:
    """Render a page in chunks; it may run one `script` of `templates/`, or none if empty."""
    pieces = _environment(_FORMATS).get_template(template).stream(_own_parts(script), **context)
    pieces.enable_buffering(_PIECES_PER_CHUNK)
    return pieces


@cache
def _own_parts(script: str, package: str = _FORMATS, more_style: str = "") -> dict[str, Markup]:
    """Our own style and script as they stand in a page, and the policy that allows just them."""
    environment = _environment(package)
    styles = ["page.css", more_style] if more_style else ["page.css"]
    style = "".join(environment.get_template(name).render() for name in styles)
    code = environment.get_template(script).render() if script else ""
    parts = {"style": style, "script": code, "policy": _policy(style, code)}
    return {name: Markup(text) for name, text in parts.items()}  # noqa: S704 - our own files


def _policy(style: str, script: str) -> str:
    """Allow exactly this style, this script and pictures in the page itself, and nothing else."""
    directives = ["default-src 'none'", "img-src data:", f"style-src '{_digest(style)}'"]
    if script:
        directives.append(f"script-src '{_digest(script)}'")
    return "; ".join([*directives, "base-uri 'none'", "form-action 'none'"])


def _digest(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


@cache
def _environment(package: str) -> Environment:
    environment = Environment(
        # Pages of other rooms extend page.html, which is ours.
        loader=ChoiceLoader([PackageLoader(package), PackageLoader(_FORMATS)]),
        autoescape=True,
        auto_reload=False,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_shown,
    )
    environment.filters |= {
        "anchor": lambda andrew_id: f"student-{file_stem(andrew_id)}",
        "decimal": words.decimal,
        "file_name": student_file_name,
        "link": link,
        "moment": words.moment,
        "one_line": one_line,
        "percent": words.percent,
        "right_count": words.right_count,
        "seconds": words.seconds,
        "tone": markup.tone,
    }
    environment.globals |= {
        "Advice": Advice,
        "attention": attention,
        "markup": markup,
        "transport": transport,
        "words": words,
    }
    return environment


def _shown(value: object) -> object:
    # Every expression of every template passes here before it is escaped for HTML.
    if isinstance(value, str) and not isinstance(value, Markup) and not value.isprintable():
        return visible(value)
    return value
