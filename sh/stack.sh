# shellcheck shell=sh
# Sourced by run.sh: `stack_command FOLDER [up|down|status] [OPTION]...` is `sh run.sh stack …`. It needs `say` and `fail`
# of environment.sh, and no Python.

# Usage: sh run.sh stack [--workers N] [--notebooks]    the live demo in containers, until it scores
#        sh run.sh stack status                         health, throughput, consumer lag, last alarm
#        sh run.sh stack down [--wipe]                  ends it; --wipe forgets its data and its secrets too
stack_command() {
  cd "$1" || exit
  shift
  action=up workers=0 wipe='' profiles=''
  while [ $# -gt 0 ]; do
    case $1 in
      up | down | status) action=$1 ;;
      --wipe) wipe=yes ;;
      --notebooks) profiles="$profiles --profile notebooks" ;;
      --workers)
        workers=${2-}
        case $workers in '' | *[!0-9]*) fail "--workers takes a number, as in: sh run.sh stack --workers 3" ;; esac
        shift
        ;;
      -h | --help) stack_usage && return ;;
      *) fail "stack: '$1' is unknown; there are --workers N, --notebooks, status, down, down --wipe." ;;
    esac
    shift
  done
  check_engine
  "stack_$action"
}

stack_usage() {
  sed -n 's/^# \(Usage: sh run\.sh stack\)/\1/p; s/^#  *\(sh run\.sh stack [sd]\)/       \1/p' sh/stack.sh
}

stack_log=work/stack.log # what Docker says while it builds and starts
stack_up() {
  began=$(date +%s)
  check_memory
  [ "$workers" -eq 0 ] || profiles="$profiles --profile cluster"
  ran=$(running_services)
  check_ports
  # `stream` is made again when this changes, and then runs on workers, or without them.
  [ "$workers" -eq 0 ] || export SPARK_MASTER=spark://spark-master:7077
  NOTEBOOKS_USER=$(id -u):$(id -g)
  export NOTEBOOKS_USER
  mkdir -p secrets work && chmod 700 secrets
  say "1/3 Images; the first time takes some minutes"
  : >"$stack_log"
  told_while build || give_up "The images could not be built"
  say "2/3 Services"
  set -- up --detach
  [ "$workers" -eq 0 ] || set -- "$@" --scale "spark-worker=$workers"
  told_while "$@" || give_up "The stack did not start"
  [ "$workers" -gt 0 ] || docker compose --profile cluster rm --force --stop spark-master spark-worker >>"$stack_log" 2>&1
  remove_nameless
  tell "$(services_words)"
  say "3/3 The first score"
  await_score
  print_addresses
}

stack_down() {
  docker compose --profile cluster --profile notebooks down ${wipe:+--volumes}
  remove_nameless
  [ -z "$wipe" ] || remove_secrets
}

# Images that a newer build took the name of.
remove_nameless() { docker image prune --force --filter label="com.docker.compose.project=$(value_of COMPOSE_PROJECT_NAME=swat)" >/dev/null; }

# Containers own what lies in them, so a container deletes it.
remove_secrets() {
  [ ! -d secrets ] || docker run --rm --entrypoint sh --tmpfs /var/lib/influxdb2 --tmpfs /etc/influxdb2 \
    -v "$PWD/secrets:/secrets" influxdb:2.9.1 -c 'rm -rf /secrets/*'
  say "Data and secrets are gone."
}

stack_status() {
  [ -n "$(running_services)" ] || fail "The stack does not run; start it: sh run.sh stack"
  say "Services      $(services_words)"
  say "Throughput    $(measured 'SELECT sum(rows_out) / 60 FROM pipeline WHERE time > now() - 1m' || printf 0) rows/s in the last minute"
  say "Consumer lag  $(measured 'SELECT last(behind) FROM pipeline' || printf '–') messages"
  say "Last alarm    $(last_alarm)"
  say "Boards        http://localhost:$(value_of GRAFANA_PORT=3000)/d/swat-overview"
}

# Of a line: measurement, time in nanoseconds, lead tag, detectors with commas between, plant.
last_alarm() {
  found=$(asked 'SELECT lead, detectors, plant FROM episode ORDER BY time DESC LIMIT 1') || { say "none" && return; }
  found=$(printf '%s\n' "$found" | tr -d '"' | sed 's/^[^,]*,[^,]*,//')
  first=${found%%,*} found=${found#*,}
  say "$found" | sed "s/^\([^,]*\),\(.*\),\([^,]*\)\$/\3, from $(time_of "$first") on, lead tag \1, raised by \2/"
}

# GNU's date takes -d, that of macOS -r.
time_of() {
  seconds=${1%?????????}
  { date -u -d "@$seconds" '+%F %T' || date -u -r "$seconds" '+%F %T'; } 2>/dev/null
}

check_engine() {
  command -v docker >/dev/null 2>&1 ||
    fail "Docker is needed for the stack; found: none. Install it as docs.docker.com says, or go without: python -m swatlib live"
  docker info >/dev/null 2>&1 ||
    fail "Docker's engine does not answer; start Docker, or type: sudo usermod -aG docker $(id -un), and log in again."
  version=$(docker compose version --short 2>/dev/null) ||
    fail "Docker's compose plugin is needed; found: none. $(plugin_advice "$(system_name)")"
  case ${version#v} in
    1.* | 2.[0-9].* | 2.1[0-9].*) fail "Docker Compose 2.20 or newer is needed; found: $version. $(plugin_advice "$(system_name)")" ;;
  esac
}

system_name() {
  if grep -qi microsoft /proc/version 2>/dev/null; then say wsl && return; fi
  case $(uname -s) in Darwin) say macos && return ;; esac
  sed -n 's/^ID=//p; s/^VERSION_ID=//p' /etc/os-release 2>/dev/null | tr -d '"' | tr '\n' ' '
}

# Debian 12 has Compose 1 alone, Debian 13 and Fedora call Compose 2 docker-compose, Ubuntu docker-compose-v2.
plugin_advice() {
  case $1 in
    wsl) say "Install Docker Desktop on Windows and switch this distribution on: Settings, Resources, WSL integration." ;;
    macos) say "Docker Desktop brings it; with another engine type: brew install docker-compose, and follow what it prints." ;;
    *ubuntu*) say "Type: sudo apt install docker-compose-v2" ;;
    *fedora*) say "Type: sudo dnf install docker-compose" ;;
    *debian*12*) say "Debian 12 has none: add Docker's packages as docs.docker.com/engine/install/debian says, then type: sudo apt install docker-compose-plugin" ;;
    *debian*) say "Type: sudo apt install docker-compose" ;;
    *) say "Install it as docs.docker.com/compose/install says." ;;
  esac
}

needed=8 # GiB: what the stack takes at rest is half of it
check_memory() {
  bytes=$(docker info --format '{{.MemTotal}}')
  met=$(((bytes + 536870912) / 1073741824))
  [ "$met" -ge "$needed" ] ||
    fail "Docker has $met GiB of memory, and the stack needs $needed; give it more (Docker Desktop: Settings, Resources)."
}

# Those of services that will start; one that runs holds its own.
check_ports() {
  set -- grafana:GRAFANA_PORT=3000 chronograf:CHRONOGRAF_PORT=8888 influxdb:INFLUXDB_PORT=8086 kafka:KAFKA_PORT=9092 \
    stream:SPARK_UI_PORT=4040
  case $profiles in *cluster*) set -- "$@" spark-master:SPARK_MASTER_UI_PORT=8080 ;; esac
  case $profiles in *notebooks*) set -- "$@" notebooks:JUPYTER_PORT=8890 ;; esac
  for each in "$@"; do
    assignment=${each#*:} port=$(value_of "${each#*:}")
    if ! runs "${each%%:*}" && port_taken "$port"; then
      fail "Port $port is taken; end what listens there, or set another one in .env: ${assignment%=*}=$((port + 1))"
    fi
  done
}

runs() { printf '%s\n' "$ran" | grep -qx "$1"; }

# The value of a variable: the environment, .env, or the default after the equals sign.
value_of() {
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

# The end of what Docker said, a sentence, and nothing left of what this start began.
give_up() {
  docker compose --profile cluster --profile notebooks logs --no-color >>"$stack_log" 2>&1
  tail -n 5 "$stack_log" >&2
  if [ -z "$ran" ]; then
    docker compose --profile cluster --profile notebooks down >>"$stack_log" 2>&1
  else
    for each in $(running_services); do
      runs "$each" || docker compose --profile cluster --profile notebooks rm --force --stop "$each" >>"$stack_log" 2>&1
    done
  fi
  fail "$1, and what had begun is ended; the whole log: $stack_log"
}

# Runs `docker compose …` into the log, and tells of the services whenever something changes.
told_while() {
  # shellcheck disable=SC2086 # several words
  (exec docker compose $profiles "$@") >>"$stack_log" 2>&1 &
  starting=$!
  trap 'kill "$starting" 2>/dev/null; exit 130' INT TERM
  told=''
  while kill -0 "$starting" 2>/dev/null; do
    [ "$1" = build ] || tell "$(services_words)"
    sleep 1
  done
  trap - INT TERM
  wait "$starting"
}

tell() {
  [ "$1" = "$told" ] || say "  $(($(date +%s) - began)) s: $1"
  told=$1
}

# "7 of 9 services healthy; waiting for kafka, grafana; a pipeline is fitted"
services_words() {
  docker ps --all --filter label="com.docker.compose.project=$(value_of COMPOSE_PROJECT_NAME=swat)" \
    --format '{{.Label "com.docker.compose.service"}} {{.Label "com.docker.compose.oneoff"}} {{.Status}}' 2>/dev/null | count_services
}

count_services() {
  healthy=0 all=0 waiting='' fitted=''
  while read -r service _ status; do
    case "$service $status" in
      pipeline\ Up*) fitted='; a pipeline is fitted' ;;
      pipeline\ * | secrets\ * | agent\ * | topics\ *) ;;
      *"(healthy)"*) healthy=$((healthy + 1)) all=$((all + 1)) ;;
      *) all=$((all + 1)) waiting="$waiting, $service" ;;
    esac
  done
  [ "$all" -gt 0 ] || { say "containers are made" && return; }
  say "$healthy of $all services healthy${waiting:+; waiting for ${waiting#, }}$fitted"
}

# An answer of InfluxDB as a line of values with commas between; asked in Grafana's container, where a token for reading lies.
asked() {
  # shellcheck disable=SC2016 # expanded in the container
  docker compose exec -T grafana sh -c 'wget -qO- --header "Authorization: Token $(cat /run/secrets/read)" \
    --header "Accept: application/csv" --post-data "db=swat&epoch=&q=$1" http://influxdb:8086/query' asked "$1" 2>/dev/null |
    sed -n 2p | grep .
}

measured() {
  value=$(asked "$1") || return
  printf '%.0f' "${value##*,}"
}

# The time of a score is that of its row, which may be long ago; that of a batch is now.
score_stored() {
  [ "$(measured "SELECT sum(rows_out) FROM pipeline WHERE time > now() - $(($(date +%s) - since))s")" -gt 0 ] 2>/dev/null
}

all_healthy() {
  case $(services_words) in *'waiting for'*) false ;; *healthy*) true ;; *) false ;; esac
}

await_score() {
  since=$(date +%s) told=''
  until score_stored && all_healthy; do
    [ $(($(date +%s) - since)) -lt 900 ] || give_up "There was no score of a healthy stack within a quarter of an hour"
    tell "$(services_words)"
    sleep 3
  done
  tell "$(services_words)"
}

print_addresses() {
  say "Scores come in, $(($(date +%s) - began)) s after the start."
  say "  Boards            http://localhost:$(value_of GRAFANA_PORT=3000)/d/swat-overview"
  say "  Health            http://localhost:$(value_of CHRONOGRAF_PORT=8888)/sources/0/dashboards/9001?refresh=5s"
  say "  InfluxDB          http://localhost:$(value_of INFLUXDB_PORT=8086)"
  say "  Spark             http://localhost:$(value_of SPARK_UI_PORT=4040)"
  say "  Kafka             localhost:$(value_of KAFKA_PORT=9092)"
  case $profiles in *notebooks*)
    token=$(docker compose exec -T notebooks cat /run/secrets/jupyter-token)
    say "  Notebooks         http://localhost:$(value_of JUPYTER_PORT=8890)/lab?token=$token" ;;
  esac
  say "To edit boards log in as admin; the password: docker compose exec grafana cat /run/secrets/grafana-password"
  say "Attack the plant:  docker compose exec producer python -m swatlib attack LIT101 ramp +1"
  say "State:             sh run.sh stack status"
  say "End:               sh run.sh stack down"
}
