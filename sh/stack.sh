# shellcheck shell=sh
# Sourced by run.sh: `stack_command FOLDER [up|down] [OPTION]...` is `sh run.sh stack …`. It needs `say` and `fail` of
# environment.sh, and no Python.

# Usage: sh run.sh stack [--workers N] [--notebooks]    the live demo in containers, until it scores
#        sh run.sh stack down [--wipe]                  ends it; --wipe forgets its data and its secrets too
stack_command() {
  cd "$1" || exit
  shift
  action=up workers=0 wipe='' profiles=''
  while [ $# -gt 0 ]; do
    case $1 in
      up | down) action=$1 ;;
      --wipe) wipe=yes ;;
      --notebooks) profiles="$profiles --profile notebooks" ;;
      --workers)
        workers=${2-}
        case $workers in '' | *[!0-9]*) fail "--workers takes a number, as in: sh run.sh stack --workers 3" ;; esac
        shift
        ;;
      -h | --help) stack_usage && return ;;
      *) fail "stack: '$1' is unknown; there are --workers N, --notebooks, down, down --wipe." ;;
    esac
    shift
  done
  if [ "$action" = down ]; then stack_down; else stack_up; fi
}

stack_usage() {
  sed -n 's/^# \(Usage: sh run\.sh stack\)/\1/p; s/^#  *\(sh run\.sh stack down\)/       \1/p' sh/stack.sh
}

stack_up() {
  check_engine
  check_memory
  [ -n "$(running_services)" ] || check_ports
  mkdir -p secrets && chmod 700 secrets
  set -- up --detach --build
  if [ "$workers" -gt 0 ]; then
    profiles="$profiles --profile cluster"
    set -- "$@" --scale "spark-worker=$workers"
  fi
  say "Building and starting; the first time takes some minutes"
  # shellcheck disable=SC2086 # several words
  docker compose $profiles "$@" || fail "The stack did not start; see: docker compose logs"
  await_score
  print_addresses
}

stack_down() {
  check_engine
  docker compose --profile cluster --profile notebooks down ${wipe:+--volumes}
  [ -z "$wipe" ] || remove_secrets
}

# Containers own what lies in them, so a container deletes it.
remove_secrets() {
  [ ! -d secrets ] || docker run --rm --entrypoint sh -v "$PWD/secrets:/secrets" influxdb:2.9.1 -c 'rm -rf /secrets/*'
  say "Data and secrets are gone."
}

check_engine() {
  command -v docker >/dev/null 2>&1 ||
    fail "Docker is needed for the stack; found: none. Install it as docs.docker.com says, or go without: python -m swatlib live"
  docker info >/dev/null 2>&1 ||
    fail "Docker's engine does not answer; start Docker, or type: sudo usermod -aG docker $(id -un), and log in again."
  version=$(docker compose version --short 2>/dev/null) ||
    fail "Docker's compose plugin is needed; found: none. On Debian or Ubuntu type: sudo apt install docker-compose-plugin"
  case ${version#v} in
    1.* | 2.[0-9].* | 2.1[0-9].*) fail "Docker Compose 2.20 or newer is needed; found: $version. Update Docker." ;;
  esac
}

needed=8 # GiB: what the stack takes at rest is half of it
check_memory() {
  bytes=$(docker info --format '{{.MemTotal}}')
  met=$(((bytes + 536870912) / 1073741824))
  [ "$met" -ge "$needed" ] ||
    fail "Docker has $met GiB of memory, and the stack needs $needed; give it more (Docker Desktop: Settings, Resources)."
}

check_ports() {
  for assignment in GRAFANA_PORT=3000 CHRONOGRAF_PORT=8888 INFLUXDB_PORT=8086 KAFKA_PORT=9092 SPARK_UI_PORT=4040; do
    port=$(port_of "$assignment")
    ! port_taken "$port" ||
      fail "Port $port is taken; end what listens there, or set another one in .env: ${assignment%=*}=$((port + 1))"
  done
}

# The value of a variable: the environment, .env, or the default after the equals sign.
port_of() {
  name=${1%=*}
  eval "value=\${$name-}"
  [ -n "$value" ] || value=$(sed -n "s/^$name=//p" .env 2>/dev/null | tail -n 1)
  printf '%s' "${value:-${1#*=}}"
}

# Whoever listens there may not speak HTTP, so only a connection that is refused means that nobody does.
port_taken() {
  if command -v nc >/dev/null 2>&1; then
    nc -z 127.0.0.1 "$1" 2>/dev/null
  else
    met=7
    ! command -v curl >/dev/null 2>&1 || { curl -s -o /dev/null --max-time 2 "http://127.0.0.1:$1" && met=0 || met=$?; }
    [ "$met" -ne 7 ]
  fi
}

running_services() { docker compose ps --services --status running 2>/dev/null; }

# Asked in Grafana's container, where a token for reading lies.
score_stored() {
  # shellcheck disable=SC2016 # expanded in the container
  docker compose exec -T grafana sh -c 'wget -qO- --header "Authorization: Token $(cat /run/secrets/read)" \
    "http://influxdb:8086/query?db=swat&q=SELECT%20last(score)%20FROM%20score"' 2>/dev/null | grep -q '"last"'
}

await_score() {
  say "Waiting for the first score (a pipeline is fitted where there is none)"
  waited=0
  until score_stored; do
    waited=$((waited + 5))
    [ "$waited" -lt 900 ] || fail "No score within a quarter of an hour; see: docker compose logs pipeline producer stream"
    sleep 5
  done
}

print_addresses() {
  say "Scores come in."
  say "  Boards            http://localhost:$(port_of GRAFANA_PORT=3000)/d/swat-overview"
  say "  Health            http://localhost:$(port_of CHRONOGRAF_PORT=8888)/sources/0/dashboards/9001?refresh=5s"
  say "  InfluxDB          http://localhost:$(port_of INFLUXDB_PORT=8086)"
  say "  Spark             http://localhost:$(port_of SPARK_UI_PORT=4040)"
  say "  Kafka             localhost:$(port_of KAFKA_PORT=9092)"
  case $profiles in *notebooks*)
    token=$(docker compose exec -T notebooks cat /run/secrets/jupyter-token)
    say "  Notebooks         http://localhost:$(port_of JUPYTER_PORT=8890)/lab?token=$token" ;;
  esac
  say "To edit boards log in as admin; the password: docker compose exec grafana cat /run/secrets/grafana-password"
  say "Attack the plant:  docker compose exec producer python -m swatlib attack LIT101 ramp +1"
  say "End:               sh run.sh stack down"
}
