# shellcheck shell=sh
# Sourced by run.sh: `lab_command FOLDER [JUPYTER OPTION]...` is `sh run.sh lab …`. It needs `say` of environment.sh and
# $python.

# Opens a scratch copy of the notebooks, so that what JupyterLab saves changes neither the clone nor later reports.
lab_command() {
  top=$1
  shift
  scratch=$top/work/notebooks
  mkdir -p "$scratch"
  copied=0 kept=0
  for notebook in "$top"/notebooks/*.ipynb; do
    if [ -e "$scratch/${notebook##*/}" ]; then
      kept=$((kept + 1))
    else
      cp "$notebook" "$scratch/"
      copied=$((copied + 1))
    fi
  done
  say "Scratch copies in work/notebooks: $copied new, $kept kept as you left them (delete one to have it anew)."
  say "A report of a copy: python -m swatlib report work/notebooks/03-detector.ipynb"
  say "JupyterLab starts with 00-explore; open the link, Ctrl-C ends it."
  # Settings beside those of the user: no question about news. The kernel is that of .venv, whatever else is installed.
  export JUPYTER_CONFIG_PATH="$top/sh/jupyter${JUPYTER_CONFIG_PATH:+:$JUPYTER_CONFIG_PATH}" JUPYTER_PREFER_ENV_PATH=1
  # shellcheck disable=SC2154 # set by prepare_environment
  exec "$python" -P -m jupyterlab --ip=127.0.0.1 --no-browser --allow-root --ServerApp.answer_yes=True --log-level=WARN \
    --notebook-dir="$top/work" --LabApp.default_url=/lab/tree/notebooks/00-explore.ipynb "$@"
}
