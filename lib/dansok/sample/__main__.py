"""python -m dansok.sample FOLDER [SEED]"""

import sys
import time

from dansok.sample import SEED, write
from dansok.words import Refusal, exit_on_refusal


def main(arguments):
    if len(arguments) not in (1, 2) or not all(seed.isdigit() for seed in arguments[1:]):
        raise Refusal(
            "사용법: python -m dansok.sample 도시폴더 [난수씨앗]", "Usage: python -m dansok.sample FOLDER [SEED]"
        )
    started = time.monotonic()
    fresh = write(arguments[0], int(arguments[1]) if arguments[1:] else SEED)
    print(f"sample: written, {time.monotonic() - started:.1f} s" if fresh else "sample: up to date")


if __name__ == "__main__":
    exit_on_refusal(main, sys.argv[1:])
