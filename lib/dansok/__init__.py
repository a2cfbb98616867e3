"""Dansok: what a city's enforcement and tax records say about tomorrow's patrol.

Rooms from the ground up; each may import only rooms named before it (tests/test_layers.py).
"""

LAYERS = (
    "words",  # what a reader sees, in Korean and in English
    "tables",  # every table and column, once
    "korea",  # plates, addresses, calendar, rules, particles
    "city",  # read and check city.toml
    "periods",  # whole months
    "engine",  # one Ibis connection
    "ledger",  # rows kept and dropped, and why
    "findings",  # a sentence built from its numbers
    "space",  # coordinate systems, grid, areas
    "workbooks",  # how Excel workbooks look
    "privacy",  # keyed tokens for plates
    "sources",  # files as they were sent, as text tables
    "clean",  # 1_raw -> 2_clean
    "link",  # 2_clean -> 3_linked
    "choices",  # what an analyst may choose
    "models",  # plain arrays in, plain tables out
    "field_list",  # named vehicles for the crews: the one step that turns tokens back into plates
    "sample",  # the synthetic city
    "cases",  # one module a notebook
    "charts",  # draw tables, compute nothing
    "maps",
    "briefing",  # notebook -> PDF and xlsx
    "run",  # one notebook with one run file
    "forget",  # rows that are older than the office may keep
)
