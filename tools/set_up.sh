#!/bin/sh
# Find a Python 3.11 or newer and let it set up .venv: `tools/set_up.sh [--dev]`, called by every target of the Makefile.
# The environment's own Python comes first; it is passed over when it no longer runs, and the environment is then made again.
for python in .venv/bin/python python3 python3.14 python3.13 python3.12 python3.11 python; do
  if "$python" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
    exec "$python" tools/environment.py "$@"
  fi
done
echo 'No Python 3.11 or newer with the venv module was found: install one (on Debian and Ubuntu: python3 python3-venv).' >&2
exit 1
