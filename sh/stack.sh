# shellcheck shell=sh
# Sourced by run.sh after environment.sh. `stack FOLDER [down] [--wipe] [--workers N] [--notebooks]` runs the
# compose.yaml of FOLDER.

enough_memory=6 # GB, what the services of the default profile were seen to need together

stack() {
  cd "$1" && shift || return
  verb=up wipe='' workers='' notebooks=''
  while [ $# -gt 0 ]; do
    case $1 in
      down) verb=down ;;
      --wipe) verb=down wipe=--volumes ;;
      --workers)
        [ $# -gt 1 ] || fail "--workers needs a number, as in: sh run.sh stack --workers 3"
        workers=$2 && shift ;;
      --notebooks) notebooks=yes ;;
      *) fail "stack $1 is unknown; there are: sh run.sh stack [down] [--wipe] [--workers N] [--notebooks]" ;;
    esac
    shift
  done
  case $workers in *[!0-9]*) fail "--workers $workers is no number; type: sh run.sh stack --workers 3" ;; esac
  check_docker
  if [ "$verb" = down ]; then
    docker compose --profile '*' down --remove-orphans ${wipe:+"$wipe"}
    say "The stack is down${wipe:+, its data are forgotten}."
  else
    start_stack
  fi
}

check_docker() {
  command -v docker >/dev/null ||
    fail "Docker isn't installed. Install it as https://docs.docker.com/get-docker says, or go without: sh run.sh, then .venv/bin/python -m swatlib live"
  docker compose version >/dev/null 2>&1 ||
    fail "Docker has no compose plugin. Type: sudo apt install docker-compose-plugin (or docker-compose-v2), or install Docker Desktop."
  case $(docker compose version --short) in
    [01].* | v[01].* | 2.?.* | 2.1?.* | v2.?.* | v2.1?.*)
      fail "Docker compose $(docker compose version --short) is too old, 2.20 or newer is needed; update the plugin." ;;
  esac
  reason=$(docker info --format '{{.ServerVersion}}' 2>&1 >/dev/null) || {
    case $reason in
      *'permission denied'*) fail "You may not use Docker yet. Type: sudo usermod -aG docker $(id -un), and log in again." ;;
      *) fail "The Docker engine does not answer. Start Docker Desktop, or type: sudo systemctl start docker" ;;
    esac
  }
}

start_stack() {
  check_memory
  [ -n "$(docker compose ps --quiet)" ] || check_ports
  prepare_secrets
  set -- ${workers:+--profile cluster} ${notebooks:+--profile notebooks}
  say "1/2 Images and services; the first time this takes some minutes"
  docker compose "$@" up --detach --build --remove-orphans ${workers:+--scale "spark-worker=$workers"} ||
    fail "A service did not start; see what it says: docker compose logs --tail 30 NAME"
  say "2/2 The first scores"
  docker compose run --rm --no-deps ready
  show_addresses
}

check_memory() {
  bytes=$(docker info --format '{{.MemTotal}}')
  [ "$bytes" -ge $((enough_memory * 1000000000)) ] ||
    fail "Docker has $((bytes / 1000000000)) GB of memory, $enough_memory GB are needed; give it more (Docker Desktop: Settings, Resources)."
}

# Without a Python at hand the engine itself reports a port that is taken.
check_ports() {
  asks=$(find_python) || return 0
  for port in $(published); do
    "$asks" -c "import socket; socket.create_server(('127.0.0.1', $port)).close()" 2>/dev/null ||
      fail "Port $port is taken. End what listens there, or set another one in .env: see .env.example"
  done
}

published() {
  docker compose ${workers:+--profile cluster} ${notebooks:+--profile notebooks} config |
    sed -n 's/^ *published: "\{0,1\}\([0-9]*\)"\{0,1\}$/\1/p'
}

# Made before the engine makes them for root; what lies in them comes from the service `secrets`.
prepare_secrets() {
  me=$(id -u)
  if [ "$me" -ne 0 ]; then export STACK_UID="${STACK_UID:-$me}"; fi
  for each in set-up writers readers grafana notebooks; do
    [ -d "stack/secrets/$each" ] || mkdir -m 700 "stack/secrets/$each"
  done
}

show_addresses() {
  say "Grafana     http://$(docker compose port grafana 3000)   viewing needs no login; admin's password: stack/secrets/set-up/admin"
  say "Chronograf  http://$(docker compose port chronograf 8888)"
  say "InfluxDB    http://$(docker compose port influxdb 8086)   tokens: stack/secrets/set-up"
  say "Spark       http://$(docker compose port stream 4040)"
  say "Kafka       $(docker compose port kafka 9092)"
  if [ -n "$notebooks" ]; then
    say "JupyterLab  http://$(docker compose port notebooks 8890)/lab?token=$(cat stack/secrets/set-up/jupyter)"
  fi
  say "Attack the plant: docker compose exec producer python -m swatlib attack LIT101 ramp +1"
  say "End it: sh run.sh stack down, and with --wipe its data are forgotten."
}
