"""What no test of the command line may see: the settings of whoever runs it."""

import os

os.environ["XDG_CONFIG_HOME"] = os.devnull
