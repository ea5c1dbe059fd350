#!/bin/sh
# Change the code that decides who gets a secret, one place at a time, and see whether a test fails: `tools/mutate.sh [name]...`, as
# `make mutate` does. A name stands for some of the changes, for example 'model.policy.resource_policy*'; all take about a day.
#
# mutmut is not in .venv itself, because only this needs it: it lies in a folder beside the other packages.
set -u
python=.venv/bin/python
pins=tools/requirements-mutate.txt
packages=.venv/mutate
if ! cmp -s "$pins" "$packages/pins"; then
  rm -rf "$packages"
  "$python" -m pip install --quiet --disable-pip-version-check --no-input --no-deps --require-hashes --target "$packages" \
    -r "$pins" || exit
  cp "$pins" "$packages/pins"
fi
PYTHONPATH=$packages
export PYTHONPATH
"$python" -m mutmut run --max-children 2 "$@" || exit
exec "$python" -m tools.survivors
