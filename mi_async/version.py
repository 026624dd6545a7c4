"""The version, and what it stands on."""

VERSION = "0.1.0"
