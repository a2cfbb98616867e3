"""Executed notebook -> PDF in Korean and English, and a workbook; nothing is written unless all of it passed the gate.

Imports stay light: nbconvert loads this package whenever it starts.
"""

from dansok.briefing.publishing import publish

__all__ = ["publish"]
