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
known=$("$python" -c 'from swatlib.settings import settings; print(settings().cache_folder / "types")') # by all checkouts
mkdir -p "$known" 2>/dev/null || known=$kept
"$python" -m mypy --cache-dir "$known" swatlib >"$kept/types" 2>&1 &
typing=$!
trap 'kill "$typing" 2>/dev/null || true; rm -rf "$kept"' EXIT
export SWAT_SERVICES_FOLDER="$kept"
export OPENBLAS_NUM_THREADS=1 OMP_NUM_THREADS=1 # workers fill the cores, where more threads wait for each other
export MALLOC_MMAP_MAX_=0 MALLOC_TRIM_THRESHOLD_=536870912 # of each process what swatlib/memory.py sets
unset PYTHONDONTWRITEBYTECODE # else each of hundreds of processes compiles swatlib anew

cores=$("$python" -c "import os; print(min(6, os.cpu_count()))")
set -- --dist loadfile --no-loadscope-reorder --durations 15 --doctest-modules "$@"
failed=0
if [ -n "$quick" ]; then
  "$python" -m pytest --numprocesses "$cores" -p no:nbval -m 'not slow' "$@" tests swatlib || failed=$?
else
  "$python" -P -m swatlib services install kafka || set -- --ignore notebooks/05-live.ipynb "$@"
  # One worker more than cores: while a test waits for a server, a core is free. One takes 3 GB with its servers.
  fit=$("$python" -c "import psutil; print(psutil.virtual_memory().available // 3_000_000_000)")
  workers=$((fit < cores + 1 ? (fit > 1 ? fit : 1) : cores + 1))
  "$python" -m pytest --numprocesses "$workers" --nbval --nbval-current-env "$@" tests swatlib notebooks || failed=$?
fi
wait "$typing" || failed=1
cat "$kept/types"
exit "$failed"
