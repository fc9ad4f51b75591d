"""Whether the database is fit: each fault by what the server says, in whatever language, and whether it lasts."""

import os
import signal
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import psycopg2
import pytest
from psycopg2 import sql

from core import health
from core.errors import UnavailableError
from core.faults import Fault
from tests.acting import ask
from tests.apart import enter, make_database
from tests.support import measured, run_deaf_port, run_silent_port
