"""The sample city, a synthetic Namyangju whose truth is known, written as a city's systems would export it.

    python -m dansok.sample data/sample [--seed N] [--size small|city|province] [--with HAPPENING ...] [--without HAPPENING ...]

writes `1_raw` (exports with the quirks that real ones have) and `truth` (what was planted, for tests only: no analysis
may read it). The rooms, from what is to what is written:

- `options`: sizes, and what may happen (new cameras, an outage of the reporting app, re-targeted patrols, ...);
- `ground`: sixteen 읍면동, streets, land use, zones; `parking`: the true rate λ of violations by street, hour and day;
- `vehicles`: where each is at what hour, who offends again and again, what becomes of its plates;
- `watching`: who looks where, unevenly on purpose; `records`: what is seen of what happens; `reads`: plates read;
- `tax`: who owes, pays and is met by the squads; `lots`: public lots, and parcels of which one is the best;
- `exports`: the files, quirks and all, with the truth of each row.

Plates are made up: every serial begins with 0, which is not issued.
"""

from dansok.sample.options import HAPPENINGS, SIZES, USUAL, Options
from dansok.sample.world import World, build_world
from dansok.sample.write import SEED, write

__all__ = ["HAPPENINGS", "SEED", "SIZES", "USUAL", "Options", "World", "build_world", "write"]
