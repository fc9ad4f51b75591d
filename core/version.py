"""The version of this software, which is the version of its API too: said here and nowhere else."""

VERSION = "0.1.0"
