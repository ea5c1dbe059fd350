#!/bin/sh
# Run the tests that need Python alone: `tools/test.sh [argument of pytest]...`, as `make test` does. A run of all of them ends with
# the share of the code's lines that ran.
#
# Python 3.12 can count lines at little cost (sys.monitoring). What Python 3.11 has instead makes the tests need about half as much
# processor time again (measured: 43 % with the program's folders, 58 % with the sandbox too), so there COVERAGE=1 asks for it.
set -u
python=.venv/bin/python
tests() { "$python" -m pytest --numprocesses 2 --dist loadgroup -m 'not integration' "$@"; }

if [ $# -gt 0 ]; then
  tests "$@"
  exit
fi
if "$python" -c 'import sys; sys.exit(sys.version_info < (3, 12))'; then
  export COVERAGE_CORE=sysmon
elif [ -z "${COVERAGE:-}" ]; then
  tests
  passed=$?
  echo 'The share of lines that ran was not measured, which is slow on Python 3.11: see make test COVERAGE=1'
  exit $passed
fi
tests --cov --cov-report=
passed=$?
echo "The tests ran $("$python" -m coverage report --format=total) % of the lines"
exit $passed
