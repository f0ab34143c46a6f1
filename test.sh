#!/bin/sh
# Usage: sh test.sh [PYTEST OPTION]...
#
# Sets up .venv, checks style, and runs all tests, the notebooks with their committed outputs among them.

set -eu
top=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
# shellcheck source=sh/environment.sh
. "$top/sh/environment.sh"
help_if_asked "$@"

prepare_environment "$top"
cd "$top"
"$python" -m ruff check swatlib tests
"$python" -m ruff format --check swatlib tests
exec "$python" -m pytest --numprocesses 2 --dist loadfile --nbval --nbval-current-env "$@" tests notebooks
