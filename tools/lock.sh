#!/bin/sh
# Pin requirements*.in again, as of a week ago: a malicious release is usually discovered within days.
# `tools/lock.sh` upgrades all pins (`make lock`); `tools/lock.sh --keep` pins only what has no pin yet.
set -eu
upgrade=--upgrade
if [ "${1:-}" = --keep ]; then upgrade=; fi
for name in requirements requirements-dev tools/requirements-mutate sandbox/requirements-go; do
  # shellcheck disable=SC2086 # without --upgrade there is no argument
  .venv/bin/python -m uv pip compile --quiet --universal --no-strip-extras --generate-hashes --python-version 3.11 $upgrade \
    --exclude-newer '7 days' --custom-compile-command 'make lock' "$name.in" --output-file "$name.txt"
done
