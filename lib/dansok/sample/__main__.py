"""Command of `dansok.sample`."""

import argparse
import sys
import time

from dansok.sample import HAPPENINGS, SEED, SIZES, USUAL, Options, write
from dansok.words import exit_on_refusal


def main(arguments):
    parser = argparse.ArgumentParser(prog="python -m dansok.sample", description="Write a sample city.")
    parser.add_argument("folder", help="city folder, such as data/sample")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--size", choices=list(SIZES), default="city")
    told = ", ".join(HAPPENINGS)
    parser.add_argument("--with", dest="more", nargs="*", default=[], help=f"what happens besides: {told}")
    parser.add_argument(
        "--without", nargs="*", default=[], help=f"what does not happen (usual: {', '.join(sorted(USUAL))})"
    )
    chosen = parser.parse_args(arguments)
    started = time.monotonic()
    options = Options(chosen.seed, SIZES[chosen.size], (USUAL | set(chosen.more)) - set(chosen.without))
    fresh = write(chosen.folder, options)
    print(f"sample: written, {time.monotonic() - started:.1f} s" if fresh else "sample: up to date")


if __name__ == "__main__":
    exit_on_refusal(main, sys.argv[1:])
