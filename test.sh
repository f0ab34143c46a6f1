#!/bin/sh
# Usage: sh test.sh [--quick] [PYTEST OPTION]...
#
# Sets up .venv, checks style and types, and runs all tests, the notebooks with their committed outputs and the examples of
# docstrings among them. Tests of the live stream run on real servers, those that `python -m swatlib services install`
# brought; SWAT_REQUIRE_SERVICES=1 makes a missing one a failure. --quick leaves out notebooks and what needs servers.

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
"$python" -m mypy swatlib

kept=$(mktemp -d)
trap 'rm -rf "$kept"' EXIT
export SWAT_SERVICES_FOLDER="$kept"
set -- --numprocesses 2 --dist loadfile --durations 15 --doctest-modules "$@"
if [ -n "$quick" ]; then
  "$python" -m pytest "$@" --ignore tests/live --ignore tests/servers tests swatlib
  exit
fi
"$python" -P -m swatlib services install kafka || set -- --ignore notebooks/05-live.ipynb "$@"
"$python" -m pytest --nbval --nbval-current-env "$@" tests swatlib notebooks
