#!/bin/sh
# Usage: sh test.sh [PYTEST OPTION]...
#
# Sets up .venv, checks style, and runs all tests, the notebooks with their committed outputs among them. Tests of the
# live stream run on real servers, those that `python -m swatlib services install` brought; SWAT_REQUIRE_SERVICES=1
# makes a missing one a failure.

set -eu
top=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
# shellcheck source=sh/environment.sh
. "$top/sh/environment.sh"
help_if_asked "$@"

prepare_environment "$top"
cd "$top"
"$python" -m ruff check swatlib tests
"$python" -m ruff format --check swatlib tests

kept=$(mktemp -d)
trap 'rm -rf "$kept"' EXIT
export SWAT_SERVICES_FOLDER="$kept"
"$python" -P -m swatlib services install kafka || set -- --ignore notebooks/05-live.ipynb "$@"
"$python" -m pytest --numprocesses 2 --dist loadfile --nbval --nbval-current-env "$@" tests notebooks
