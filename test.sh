#!/bin/sh
# Usage: sh test.sh [--quick] [PYTEST OPTION]...
#
# Sets up .venv, checks style and types, and runs all tests, the notebooks with their committed outputs and the examples of
# docstrings among them. Tests of the live stream run on real servers, those that `python -m swatlib services install`
# brought; SWAT_REQUIRE_SERVICES=1 makes a missing one a failure. --quick, for whoever edits, leaves out notebooks and the
# tests marked slow: those that start servers, need all detectors fitted, or stand in the files that tests/conftest.py names.

set -eu
top=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
# shellcheck source=sh/environment.sh
. "$top/sh/environment.sh"
help_if_asked "$@"
quick=''
if [ "${1-}" = --quick ]; then
  quick=yes
  shift
fi

prepare_environment "$top"
cd "$top"
"$python" -m ruff check swatlib tests stack notebooks
"$python" -m ruff format --check swatlib tests stack
kept=$(mktemp -d)
"$python" -m mypy swatlib >"$kept/types" 2>&1 &
typing=$!
trap 'kill "$typing" 2>/dev/null || true; rm -rf "$kept"' EXIT
export SWAT_SERVICES_FOLDER="$kept"

cores=$("$python" -c "import os; print(min(6, os.cpu_count()))")
set -- --dist loadfile --no-loadscope-reorder --durations 15 --doctest-modules "$@"
failed=0
if [ -n "$quick" ]; then
  "$python" -m pytest --numprocesses "$cores" -m 'not slow' "$@" tests swatlib || failed=$?
else
  "$python" -P -m swatlib services install kafka || set -- --ignore notebooks/05-live.ipynb "$@"
  # A worker more than cores: while a test waits for a server, a core is free.
  "$python" -m pytest --numprocesses $((cores + 1)) --nbval --nbval-current-env "$@" tests swatlib notebooks || failed=$?
fi
wait "$typing" || failed=1
cat "$kept/types"
exit "$failed"
