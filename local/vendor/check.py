"""`make check` verifies web/vendor/ by its manifest: no byte of a bundle was changed by hand."""

import sys

from local.vendor.manifest import find_faults


def main() -> None:
    """Exit with a line for each fault, and 1."""
    if faults := find_faults():
        sys.exit("\n".join(f"web/vendor: {fault}; `make vendor` makes it anew" for fault in faults))


if __name__ == "__main__":
    main()
