"""One sentence for the reader, in both languages, with the numbers that it rests on."""

import json
import math
from dataclasses import dataclass

from dansok.words import Text


@dataclass(frozen=True)
class Finding:
    """A sentence built from its numbers.

    `numbers` are plain: float, int, str, bool or None-free lists of these; names carry their unit (`share_percent`).
    """

    name: str
    text: Text
    numbers: dict

    def __post_init__(self):
        for key, value in self.numbers.items():
            if value is None or (isinstance(value, float) and not math.isfinite(value)):
                raise ValueError(f"finding {self.name}: {key} is {value}")


def save(folder, findings, metrics):
    """Write `findings.json` and `metrics.json` into `folder`.

    Parameters
    ----------
    folder : Path
        Made if it is not there.
    findings : iterable of Finding
    metrics : dict of str -> int or float
        Flat; each name carries its unit. Written in the order of names.

    Raises
    ------
    ValueError
        If two findings share a name, or a metric is not a finite number.
    """
    findings = list(findings)
    names = [finding.name for finding in findings]
    if len(set(names)) < len(names):
        raise ValueError(f"two findings share a name: {sorted(names)}")
    for name, value in metrics.items():
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
            raise ValueError(f"metric {name} is {value!r}, not a finite number")
    folder.mkdir(parents=True, exist_ok=True)
    said = {f.name: {"ko": f.text.ko, "en": f.text.en, "numbers": f.numbers} for f in findings}
    _write(folder / "findings.json", said)
    _write(folder / "metrics.json", dict(sorted(metrics.items())))


def _write(path, content):
    path.write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
