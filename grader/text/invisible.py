"""Characters that nobody sees, and that come along when a text is copied."""

import unicodedata

# Letters and symbols to Unicode, and nothing to the eye.
_UNSEEN = "\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\ufe0e\ufe0f\uffa0"


def without_invisible(text: str, *, controls: bool = False) -> str:
    """The text without characters that nobody sees; blanks and line breaks stay.

    With `controls`, control characters and halves of surrogate pairs go, too.
    """
    if text.isascii() and text.isprintable():  # nearly all texts are, and this is quick
        return text
    hidden = ("Cc", "Cf", "Cs") if controls else ("Cf",)
    return "".join(
        char
        for char in text
        if char.isspace() or (unicodedata.category(char) not in hidden and char not in _UNSEEN)
    )
