#!/usr/bin/env bash
# Makes sure that what Ferry cannot build itself is on this machine: Go, PostgreSQL's server programs and,
# when asked for, protoc and litecoind. With CI or FERRY_BROWSER set, also a browser, in which the page is tried; its test is
# skipped, loudly, where there is none. Installs from Debian's packages as root; otherwise prints the command to run.
#
#   deploy/bootstrap.sh            Go and PostgreSQL
#   deploy/bootstrap.sh protoc     the same, and protoc (needed by `make generate` only)
#   deploy/bootstrap.sh litecoin   the same, and litecoind; where it can't be had, Litecoin's tests are skipped, loudly
#   deploy/bootstrap.sh kafka      the same, and Java and Maven (needed by `make kafka` and `make test-kafka` only)
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

readonly go_least_minor=26 # go.mod: go 1.26
readonly postgres_least=15

say() { printf 'bootstrap: %s\n' "$*"; }
fail() { printf 'bootstrap: %s\n' "$*" >&2; exit 1; }

check_go() {
  local version minor
  command -v go >/dev/null ||
    fail "Go 1.$go_least_minor or newer is needed and there is no go on the PATH; install it from your system's packages or from the Go project, then run this again"
  # Asked inside the module, an older go fetches the toolchain that go.mod names, if it is allowed to.
  version=$(go env GOVERSION 2>&1) ||
    fail "Go 1.$go_least_minor or newer is needed; the go on the PATH cannot provide it: $version"
  minor=${version#go1.}
  minor=${minor%%[!0-9]*}
  [[ $version == go1.* && -n $minor ]] || return 0 # a development build: let it try
  ((minor >= go_least_minor)) || fail "Go 1.$go_least_minor or newer is needed; the go on the PATH is $version"
}

# Prints the folder of the newest usable server programs; deploy/parts looks in the same places.
postgres_bin() {
  local candidate version best='' best_version=0 on_path=''
  on_path=$(command -v postgres || true)
  for candidate in "${on_path:+$(dirname "$(readlink -f "$on_path")")}" /usr/lib/postgresql/*/bin /usr/pgsql-*/bin; do
    [[ -n $candidate && -x $candidate/postgres && -x $candidate/initdb ]] || continue
    version=$("$candidate/postgres" --version)
    version=${version##*) }
    version=${version%%[!0-9]*}
    if ((${version:-0} >= postgres_least && version > best_version)); then
      best=$candidate best_version=$version
    fi
  done
  [[ -n $best ]] && printf '%s\n' "$best"
}

apt() {
  DEBIAN_FRONTEND=noninteractive apt-get -y -qq -o DPkg::Lock::Timeout=120 -o Dpkg::Use-Pty=0 "$@" </dev/null
}

# Installs packages; the lists are fetched only when the install fails without, so that a machine which has them waits for nothing.
apt_install() {
  say "installing $* (under a minute)"
  apt install --no-install-recommends "$@" >/dev/null 2>&1 && return 0
  say "fetching the package lists first"
  apt update >/dev/null || fail "apt-get update failed; the packages needed are: $*"
  apt install --no-install-recommends "$@" >/dev/null || fail "apt-get could not install $*"
}

is_debian_root() { [[ $(id -u) == 0 ]] && command -v apt-get >/dev/null; }

newest_postgres_package() {
  apt-cache search --names-only '^postgresql-[0-9]+$' | awk -v least="$postgres_least" '
    { n = substr($1, 12) + 0; if (n >= least && n > best) best = n }
    END { if (best) print "postgresql-" best }'
}

# Debian's package makes and starts a cluster on port 5432 unless told not to beforehand. Ferry runs a private one.
forbid_main_cluster() {
  local conf=/etc/postgresql-common/createcluster.conf
  mkdir -p "$(dirname "$conf")"
  grep -qs '^[[:space:]]*create_main_cluster' "$conf" || printf 'create_main_cluster = false\n' >>"$conf"
}

check_postgres() {
  postgres_bin >/dev/null && return 0
  local package
  if ! is_debian_root; then
    fail "PostgreSQL $postgres_least or newer is needed and its server programs were not found; run:
  sudo mkdir -p /etc/postgresql-common && echo 'create_main_cluster = false' | sudo tee -a /etc/postgresql-common/createcluster.conf
  sudo apt-get update && sudo apt-get install -y --no-install-recommends postgresql
(on other systems: install the package that holds initdb and postgres; on Debian the first line avoids a cluster on port 5432 that Ferry does not use)"
  fi
  package=$(newest_postgres_package)
  if [[ -z $package ]]; then
    say "fetching the package lists"
    apt update >/dev/null || fail "apt-get update failed; PostgreSQL $postgres_least or newer is needed"
    package=$(newest_postgres_package)
  fi
  [[ -n $package ]] || fail "this system's packages hold no PostgreSQL $postgres_least or newer; install it another way, so that initdb and postgres are on the PATH"
  forbid_main_cluster
  apt_install "$package"
  postgres_bin >/dev/null || fail "$package is installed, but initdb and postgres were not found under /usr/lib/postgresql"
}

check_protoc() {
  command -v protoc >/dev/null && return 0
  is_debian_root || fail "protoc is needed to generate code; run:
  sudo apt-get update && sudo apt-get install -y --no-install-recommends protobuf-compiler"
  apt_install protobuf-compiler
}

# A browser is only tested with: where it can't be had, one test says so and is skipped.
check_browser() {
  [[ -n ${CI:-}${FERRY_BROWSER:-} && ${FERRY_BROWSER:-} != */* ]] || return 0
  local name
  for name in chromium chromium-browser google-chrome; do # as gateway/browser_test.go looks
    command -v "$name" >/dev/null && return 0
  done
  is_debian_root && (apt_install chromium) && return 0
  say "there is NO BROWSER, so the page will not be tried in one; run:
  sudo apt-get update && sudo apt-get install -y --no-install-recommends chromium"
}

# Debian's package; the program itself is not the wrapper on the PATH. deploy/parts looks in the same places.
check_litecoin() {
  local program
  for program in "${LITECOIND:-}" /usr/lib/litecoin/litecoind /usr/local/bin/litecoind; do
    [[ -n $program && -x $program ]] && return 0
  done
  is_debian_root && (apt_install litecoind) && return 0
  say "there is NO LITECOIND, so Litecoin is not run and its tests are skipped; on Debian run:
  sudo apt-get update && sudo apt-get install -y --no-install-recommends litecoind"
}

# Apache Kafka 4 needs Java 17; which java is on the PATH is its owner's choice, so an older one is not replaced.
readonly java_least=17

java_version() {
  local version
  version=$(java -version 2>&1 | sed -n 's/.* version "\([0-9]*\).*/\1/p' | head -n 1)
  printf '%s' "${version:-0}"
}

check_kafka() {
  local missing=()
  command -v java >/dev/null || missing+=(openjdk-17-jre-headless)
  command -v mvn >/dev/null || missing+=(maven)
  if ((${#missing[@]} > 0)); then
    is_debian_root || fail "Java $java_least or newer and Maven are needed for Apache Kafka; run:
  sudo apt-get update && sudo apt-get install -y --no-install-recommends ${missing[*]}"
    apt_install "${missing[@]}"
  fi
  (($(java_version) >= java_least)) || fail "Java $java_least or newer is needed for Apache Kafka; the java on the PATH is version $(java_version)"
}

check_go
check_postgres
check_browser
for extra in "$@"; do
  case $extra in
    protoc) check_protoc ;;
    litecoin) check_litecoin ;;
    kafka) check_kafka ;;
    *) fail "unknown argument '$extra'; there are protoc, litecoin and kafka" ;;
  esac
done
