"""The sample city: an invented city with planted truth, written as a city's systems would export it.

    python -m dansok.sample data/sample

writes `1_raw` (exports with the quirks that real ones have) and `truth` (what was planted, for tests only: no analysis
may read it). Planted:

- illegal parking truly peaks at 12-13 h and 19 h; places differ by heavy-tailed factors (`world`);
- fixed cameras are off in the lunch grace and catch the cars left standing at 14:00, so that their records peak at
  14 h; some cameras go on, some are new or broken for weeks, some are missing from the list (`channels`);
- citizens report three times as often in one area as in another, and hardly at all in two weeks of outage;
- the patrol car goes more often where more happens, and never at lunch;
- 3% of the vehicles, the active ones above all, owe tax or fines; taking the plate makes them pay (`tax`);
- duplicates, test rows, titles, totals, odd dates and addresses, swapped axes, masked plates (`exports`),
  each counted in `truth/planted.json` under the name of its source in city.toml.

Plates are made up: every serial begins with 0, which is not issued.
"""

from dansok.sample.write import SEED, write

__all__ = ["SEED", "write"]
