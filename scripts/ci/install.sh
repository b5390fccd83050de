#!/usr/bin/env bash
# Installs what 'make ci' needs besides Go: Apache ZooKeeper 3.8 from the
# distribution's package, 3.9 from Maven, a Python environment with kazoo, and the
# linter. Safe to run twice: what is there is left alone.
set -euo pipefail
cd "$(dirname "$0")/../.."
cache=$PWD/.cache
mkdir -p "$cache/bin"

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

need=()
[ -f /usr/share/java/zookeeper.jar ] || need+=(zookeeper)
[ -f /usr/share/java/slf4j-simple.jar ] || need+=(libslf4j-java)
command -v java >/dev/null || need+=(default-jre-headless)
command -v javac >/dev/null || need+=(default-jdk-headless)
command -v mvn >/dev/null || need+=(maven)
command -v strace >/dev/null || need+=(strace)
command -v gcc >/dev/null || need+=(gcc libc6-dev)
command -v python3 >/dev/null || need+=(python3)
python3 -c 'import venv, ensurepip' 2>/dev/null || need+=(python3-venv)
if [ ${#need[@]} -gt 0 ]; then
  as_root apt-get update -qq
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${need[@]}"
fi

# The file is newer than what was installed by an older list of what is needed.
if [ ! "$cache/zookeeper-3.9/complete" -nt scripts/ci/zookeeper-3.9.xml ]; then
  rm -rf "$cache/zookeeper-3.9"
  mvn -q -B -f scripts/ci/zookeeper-3.9.xml dependency:copy-dependencies -DoutputDirectory="$cache/zookeeper-3.9"
  touch "$cache/zookeeper-3.9/complete"
fi

if ! cmp -s scripts/peers/curator/pom.xml "$cache/curator/complete"; then
  rm -rf "$cache/curator"
  mvn -q -B -f scripts/peers/curator/pom.xml dependency:copy-dependencies -DoutputDirectory="$cache/curator"
  cp scripts/peers/curator/pom.xml "$cache/curator/complete"
fi

bash scripts/peers/venv.sh "$cache/venv"
mapfile -t packages < scripts/suites/requirements.txt
bash scripts/peers/venv.sh "$cache/suites" "${packages[@]}"

lint=v2.5.0
if ! "$cache/bin/golangci-lint" version 2>/dev/null | grep -q "${lint#v}"; then
  GOBIN=$cache/bin GOFLAGS= go install "github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$lint"
fi

release=v2.12.0
if ! "$cache/bin/goreleaser" --version 2>/dev/null | grep -q "${release#v}"; then
  GOBIN=$cache/bin GOFLAGS= go install "github.com/goreleaser/goreleaser/v2@$release"
fi
