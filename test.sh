#!/bin/sh
# Usage: sh test.sh [PYTEST OPTION]...
#
# Sets up .venv, checks style, and runs all tests, the notebooks with their committed outputs among them.

set -eu
for argument in "$@"; do
  case $argument in -h | --help) sed -n '2,/^$/s/^# \{0,1\}//p' "$0" && exit ;; esac
done

top=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
# shellcheck source=sh/environment.sh
. "$top/sh/environment.sh"

prepare_environment "$top"
cd "$top"
"$python" -m ruff check swatlib tests
"$python" -m ruff format --check swatlib tests
exec "$python" -m pytest --numprocesses 2 --dist loadfile --nbval --nbval-current-env "$@" tests notebooks
