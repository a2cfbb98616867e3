"""What a reader sees, in Korean and in English: texts, labels, and refusals of bad input."""

import sys
from dataclasses import dataclass

LANGUAGES = ("ko", "en")


@dataclass(frozen=True)
class Text:
    """One thing said in both languages.

    Examples
    --------
    >>> Text("건수", "records")["en"]
    'records'
    """

    ko: str
    en: str

    def __getitem__(self, language):
        if language not in LANGUAGES:
            raise ValueError(f"language must be one of {LANGUAGES}, got {language!r}")
        return getattr(self, language)

    def format(self, **values):
        """Both languages with `values` filled in; a value may itself be a Text."""
        return Text(*(getattr(self, language).format(**_in(values, language)) for language in LANGUAGES))


def _in(values, language):
    return {name: value[language] if isinstance(value, Text) else value for name, value in values.items()}


class Refusal(Exception):
    """Bad input, said in one sentence a clerk can act on: file, row, column, value, what to do.

    Commands print it and exit with 2 (`exit_on_refusal`); it never holds a plate, a name or an address
    of a person.
    """

    def __init__(self, ko, en):
        super().__init__(f"{ko}\n{en}")
        self.text = Text(ko, en)

    def __reduce__(self):
        """As it was made, for a process that refuses on behalf of another."""
        return Refusal, (self.text.ko, self.text.en)


def exit_on_refusal(command, arguments):
    """Run `command(arguments)`; print a refusal in both languages and exit with 2."""
    try:
        command(arguments)
    except Refusal as refusal:
        print(f"{refusal.text.ko}\n{refusal.text.en}", file=sys.stderr)
        raise SystemExit(2) from None
