"""`python -m dansok.briefing NOTEBOOK FOLDER RUN`: publish one executed notebook; exits with 2 if it is refused."""

import sys

from dansok.briefing import publish
from dansok.words import Refusal, exit_on_refusal


def main(arguments):
    if len(arguments) != 3:
        raise Refusal(
            "사용법: python -m dansok.briefing 노트북 폴더 실행이름",
            "Usage: python -m dansok.briefing NOTEBOOK FOLDER RUN",
        )
    publish(*arguments)


if __name__ == "__main__":
    exit_on_refusal(main, sys.argv[1:])
