"""Charts in the house look: tables in, a matplotlib Figure out.

Charts draw what a table says and compute nothing of their own: every share, rate and interval is a column. What is
missing is never drawn as zero; hours, months and cells without an answer are hatched, and the hatch is named in words.

Each function takes its table first and `language` ("ko" or "en") by name; words come as `Text` (or as plain str where
both editions say the same, as for names of places). Figures are 166 mm wide, the text width of a briefing, so that
8 pt is 8 pt. They are not known to pyplot: nothing needs closing, and no setting of matplotlib is left changed.

Where: `look` what all share; charts of the `hours` of a day, `grids` of places by hour, `monthly`, of `places`, of `quadrants`, `curves` that
fall, and `ledgers` (rows kept or not).
"""

from dansok.charts.curves import returns
from dansok.charts.grids import NOBODY_READ, place_hours
from dansok.charts.hours import (
    clocks_of_places,
    exposure_by_hour,
    group_rates,
    heat,
    hour_clocks,
    records_and_rate,
    two_clocks,
)
from dansok.charts.ledgers import ledger_flow, match_rates
from dansok.charts.look import (
    BANDS,
    BLUE,
    EDGE,
    HATCH,
    INK,
    NAVY,
    NO_DATA,
    ORANGE,
    RECORDS,
    SEQUENCE,
    SMALL,
    SOFT,
    TINY,
    WIDTH,
    channel_colour,
    channel_words,
    drawn,
    house_style,
    joined,
    key,
    n_records,
    needs,
    new_figure,
    no_data,
    number,
    percent,
    register_fonts,
    round_steps,
    say,
    text_width,
    use_house_style,
    wrapped,
)
from dansok.charts.monthly import coverage, months
from dansok.charts.places import change, ranking
from dansok.charts.quadrants import quadrants

__all__ = [
    "BANDS",
    "BLUE",
    "EDGE",
    "HATCH",
    "INK",
    "NAVY",
    "NOBODY_READ",
    "NO_DATA",
    "ORANGE",
    "RECORDS",
    "SEQUENCE",
    "SMALL",
    "SOFT",
    "TINY",
    "WIDTH",
    "change",
    "channel_colour",
    "channel_words",
    "clocks_of_places",
    "coverage",
    "drawn",
    "exposure_by_hour",
    "group_rates",
    "heat",
    "hour_clocks",
    "house_style",
    "joined",
    "key",
    "ledger_flow",
    "match_rates",
    "months",
    "n_records",
    "needs",
    "new_figure",
    "no_data",
    "number",
    "percent",
    "place_hours",
    "quadrants",
    "ranking",
    "records_and_rate",
    "register_fonts",
    "returns",
    "round_steps",
    "say",
    "text_width",
    "two_clocks",
    "use_house_style",
    "wrapped",
]
