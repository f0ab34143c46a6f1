#!/bin/sh
# Usage: sh run.sh [--normal FILE --attack FILE] [-p NAME=VALUE]... [--name RUN] [--jobs N] [NOTEBOOK]...
#
# Sets up .venv and executes the notebooks side by side; reports/index.html shows them as they come. Without files it
# simulates the plant as in December 2015: eleven days, the last five with attacks. With files it takes yours, in any
# form that circulates. Ctrl-C ends all and keeps the pages there are.
# The live part streams ten minutes of a simulated plant through Kafka and Spark; for that it needs Java 17 or later.
#
#   sh run.sh --normal SWaT_Dataset_Normal_v1.xlsx --attack SWaT_Dataset_Attack_v0.xlsx
#   sh run.sh -p budget=0.5 04-comparison
#   sh run.sh lab                            JupyterLab with 00-explore open, on a scratch copy of the notebooks
#   sh run.sh stack [--help]                 the live stream with all its boards, in containers
#
# SWAT_PYTHON names the Python to use; further settings stand in swatlib/settings.py.

set -eu
top=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
# shellcheck source=sh/environment.sh
. "$top/sh/environment.sh"
# shellcheck source=sh/stack.sh
. "$top/sh/stack.sh"
# shellcheck source=sh/lab.sh
. "$top/sh/lab.sh"
if [ "${1-}" = stack ]; then
  shift
  stack_command "$top" "$@"
  exit
fi
help_if_asked "$@"
if [ "${1-}" = lab ]; then
  shift
  prepare_environment "$top"
  lab_command "$top" "$@"
fi

say "1/3 Environment"
prepare_environment "$top"
say "2/3 Servers of the live part"
compile_beside "$python" -P -m swatlib services install --quick kafka || say "The report is made without the live part."
say "3/3 Report"
exec "$python" -P -m swatlib report --whole "$@"
