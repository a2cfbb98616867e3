"""python -m dansok.link FOLDER"""

import sys

from dansok.link import main
from dansok.words import exit_on_refusal

exit_on_refusal(main, sys.argv[1:])
