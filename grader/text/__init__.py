"""Text as several rooms read it: hosts of links, parts of replies, ids. Pure, and nothing below."""
