"""The stock firmware runs this after boot.py, from source: compiled at every start, it is short."""

import life

life.main()
