#!/usr/bin/env bash
# Gradescope runs this once, as root, when it builds the autograder's image.
set -euo pipefail
root=${AUTOGRADER_ROOT:-/autograder}

apt-get update
# Ubuntu 22.04 has Python 3.11 beside its own, which is older; later ones need nothing beside it.
python=python3
if ! python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
    python=python3.11
fi
apt-get install -y --no-install-recommends ca-certificates "$python" "$python-venv"

"$python" -m venv "$root/venv"
"$root/venv/bin/python" -m pip install --no-cache-dir "$root/source[grader]"
