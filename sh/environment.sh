# shellcheck shell=sh
# Sourced by run.sh and test.sh. `help_if_asked "$@"` ends with the usage; `prepare_environment FOLDER` makes or
# reuses FOLDER/.venv and sets $python; `compile_beside COMMAND...` runs a command while what is new is compiled.

say() { printf '%s\n' "$*"; }
fail() { printf '%s\n' "$*" >&2; exit 1; }

# Prints the comment at the head of the script that sources this.
help_if_asked() {
  for argument in "$@"; do
    case $argument in -h | --help) sed -n '2,/^$/s/^# \{0,1\}//p' "$0" && exit ;; esac
  done
}

supported='import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))'
name_version='import sys; print("%d.%d (%s)" % (sys.version_info[:2] + (sys.executable,)))'

prepare_environment() {
  top=$1
  installed=''
  python=$top/.venv/bin/python
  stamp=$top/.venv/installed
  wanted=$(cat "$top/requirements.lock" "$top/pyproject.toml" | cksum)
  # A virtual environment that was moved keeps its old path in its scripts and can't be mended.
  if ! grep -qsF "$top/.venv" "$top/.venv/bin/activate" || ! "$python" -c "$supported; import pip" 2>/dev/null; then
    make_environment
  fi
  if [ "$(cat "$stamp" 2>/dev/null)" != "$wanted" ]; then
    rm -f "$stamp"
    install_packages
    installed=yes
    printf '%s\n' "$wanted" >"$stamp"
  fi
  say "Python $("$python" -c "$name_version"), packages as in requirements.lock"
}

make_environment() {
  found=$(find_python) || fail "$(explain_python)"
  say "Making .venv with $found"
  rm -rf "$top/.venv"
  "$found" -m venv "$top/.venv" || fail "$found could not make a virtual environment; on Debian or Ubuntu type: sudo apt install python3-venv"
}

find_python() {
  each_python | while read -r each; do
    if "$each" -c "$supported" 2>/dev/null && "$each" -c 'import ensurepip, venv' 2>/dev/null; then
      printf '%s\n' "$each"
      break
    fi
  done | grep .
}

each_python() {
  if [ -n "${SWAT_PYTHON-}" ]; then
    printf '%s\n' "$SWAT_PYTHON"
  else
    printf '%s\n' python3.13 python3.12 python3.11 python3 python
  fi
}

explain_python() {
  if [ -n "${SWAT_PYTHON-}" ]; then
    say "SWAT_PYTHON=$SWAT_PYTHON is not a Python 3.11, 3.12 or 3.13 with its venv module; name another, or unset it."
    return
  fi
  met=$(each_python | while read -r each; do "$each" -c "$name_version" 2>/dev/null || true; done | sort -u | tr '\n' ' ')
  say "Python 3.11, 3.12 or 3.13 with its venv module is needed; found: ${met:-none}"
  say "Type one of these, then the same command again:"
  say "  sudo apt install python3 python3-venv     (Debian, Ubuntu)"
  say "  brew install python@3.13                  (macOS)"
  say "  SWAT_PYTHON=/path/to/python3.12 sh $0     (a Python in another place)"
}

# PySpark is 450 MB of archives without a wheel: to pack them once more, only to unpack them, takes half a minute.
uncompressed=--build-option=--compression=stored

# uv installs the same lock in a part of pip's time; where it can't be had, or fails, pip does it.
install_packages() {
  log=$top/.venv/install.log
  total=$(grep -c '==' "$top/requirements.lock")
  say "Installing the packages of requirements.lock"
  began=$(date +%s)
  with_progress install_with_uv || with_progress install_with_pip || {
    tail -n 15 "$log" >&2
    fail "Installing failed, see $log; with a connection to the package index, the same command goes on from there."
  }
  say "Installed in $(($(date +%s) - began)) s"
}

install_with_uv() {
  "$python" -m pip install --quiet --no-deps "$(grep '^uv==' "$top/requirements.lock")" || return
  exec "$python" -m uv pip install --python "$python" --compile-bytecode --no-deps \
    --config-settings-package "pyspark:$uncompressed" -r "$top/requirements.lock" -e "$top"
}

install_with_pip() {
  exec "$python" -m pip install --no-deps -r "$top/requirements.lock" -e "$top"
}

# numba compiles the simulated plant for 5 s, on one core, when it first runs; a server is fetched for longer.
compile_beside() {
  if [ -z "$installed" ]; then
    "$@"
    return
  fi
  "$python" -P -c 'from swatlib.simulation import SimulatedPlant; SimulatedPlant().run(1)' &
  compiling=$!
  trap 'kill "$compiling" 2>/dev/null || true; exit 130' INT TERM
  ended=0
  "$@" || ended=$?
  wait "$compiling" || true # whoever runs the plant meets its fault
  trap - INT TERM
  return "$ended"
}

# Runs a function into the log, and shows how far it is; installers are exec'ed, so that a signal reaches them.
with_progress() {
  PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_INPUT=1 "$1" >"$log" 2>&1 &
  installer=$!
  trap 'kill "$installer" 2>/dev/null || true; exit 130' INT TERM
  while kill -0 "$installer" 2>/dev/null; do
    show_progress
    sleep 1
  done
  trap - INT TERM
  [ ! -t 1 ] || printf '\r\033[K'
  wait "$installer"
}

show_progress() {
  [ -t 1 ] || return 0
  done=$(find "$top/.venv" -maxdepth 5 -name '*.dist-info' 2>/dev/null | wc -l)
  printf '\r\033[K  %s of about %s packages, %s s' "$((done))" "$total" $(($(date +%s) - began))
}
