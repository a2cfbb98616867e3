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
    owed = held.group_by("look_alike_token").agg(debtors=_.plate_token.nunique())
    reads = sightings.filter(_.plate_token.notnull() & _.seen_at.date().between(first_day, last_day))
    reads = reads.select("plate_token", "look_alike_token").anti_join(held, "plate_token")
    near = reads.inner_join(owed, "look_alike_token")
    borne = (
        vehicles.filter(_.plate_token.notnull() & (_.valid_from <= last_day))
        .select("plate_token")
        .distinct()
        .mutate(known=ibis.literal(True))
    )
    near = near.left_join(borne, "plate_token").mutate(known=_.known.fill_null(False))
    # Every plate has one token of what it looks like: these parts share no read, plate or debtor.
    alike = near.group_by("known", "look_alike_token").agg(
        reads=_.count(), plates=_.plate_token.nunique(), debtors=_.debtors.max()
    )
    counted = alike.group_by("known").agg(reads=_.reads.sum(), plates=_.plates.sum(), debtors=_.debtors.sum())
    return counted.order_by("known").to_pandas()
