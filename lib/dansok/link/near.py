"""Reads that only look like a debtor's plate: counted, to say how much exact joining may miss, and never joined."""

import ibis
from ibis import _


def near_misses(debts, sightings, vehicles, first_day, last_day):
    """Reads of plates that a reader could take for those of the register of debts in hand.

    Parameters
    ----------
    debts, sightings, vehicles : ibis.Table
        As `tables` describes them.
    first_day, last_day : datetime.date
        Of the reads, both included; the register is the latest of `last_day` or before.

    Returns
    -------
    pd.DataFrame, one row a kind
        `known` (bool: the plate that was read is another one in the vehicle register; False: it is in none, so that a misread is more
        likely), `reads` (each once, whomever its plate looks like), `plates` (different ones read), `debtors` (plates of the register
        that look like them).
    """
    held = debts.filter((_.snapshot_on <= last_day) & _.plate_token.notnull())
    held = held.filter(_.snapshot_on == held.snapshot_on.max())
    owed = held.select("plate_token", "look_alike_token").distinct()
    reads = sightings.filter(_.plate_token.notnull() & _.seen_at.date().between(first_day, last_day))
    read = _.source_file + "#" + _.source_row.cast(str)
    reads = reads.select("plate_token", "look_alike_token", read=read).anti_join(owed, "plate_token")
    near = reads.inner_join(owed.rename(debtor="plate_token"), "look_alike_token")
    borne = (
        vehicles.filter(_.plate_token.notnull() & (_.valid_from <= last_day))
        .select("plate_token")
        .distinct()
        .mutate(known=ibis.literal(True))
    )
    near = near.left_join(borne, "plate_token").mutate(known=_.known.fill_null(False))
    counted = near.group_by("known").agg(
        reads=_.read.nunique(), plates=_.plate_token.nunique(), debtors=_.debtor.nunique()
    )  # fmt: skip
    return counted.order_by("known").to_pandas()
