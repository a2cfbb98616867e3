"""1_raw of the sample city: what happened, written as offices' systems export it, quirks and all."""
