"""Live displays of bulk runs, uploads, ingestions and jobs: on a terminal, in a notebook, as lines."""
