"""`make types`: are the JSDoc types of web/ right, strictly?"""

import subprocess
import sys

from local.vendor.manifest import ROOT
from local.vendor.node import install, run


def main() -> None:
    """Say what is wrong, and exit with 1 where something is."""
    try:
        run([install() / ".bin" / "tsc", "--project", ROOT / "web" / "tsconfig.json"], ROOT)
    except subprocess.CalledProcessError:
        sys.exit(1)


if __name__ == "__main__":
    main()
