#!/bin/sh
# Starts and stops a server of zooctl as the script of this name does for Apache
# ZooKeeper: the same words, the same files, the same environment, and no Java.
# 'zooctl server shim' has written it.

zooctl=${ZOOCTL:-@ZOOCTL@}
command -v "$zooctl" >/dev/null 2>&1 || zooctl=zooctl

bin=$(cd "$(dirname "$0")" && pwd) || exit 1
prefix=$(dirname "$bin")

if [ "$1" = --config ] && [ $# -gt 1 ]; then
	ZOOCFGDIR=$2
	shift 2
fi
ZOOCFGDIR=${ZOOCFGDIR:-$prefix/conf}
[ -f "$ZOOCFGDIR/zookeeper-env.sh" ] && . "$ZOOCFGDIR/zookeeper-env.sh"
cfg=$ZOOCFGDIR/${ZOOCFG:-zoo.cfg}
[ -f "$ZOOCFGDIR/java.env" ] && . "$ZOOCFGDIR/java.env"
export JVMFLAGS SERVER_JVMFLAGS # zooctl reads the -D in them

# A name alone is a file in the configuration's folder; a path is a path.
case ${2-} in
'') ;;
*/*) cfg=$2 ;;
*) cfg=$ZOOCFGDIR/$2 ;;
esac

# value KEY prints what the configuration says of a key.
value() {
	sed -n "s/^[[:space:]]*$1[[:space:]]*[=:][[:space:]]*//p" "$cfg" 2>/dev/null | sed -e 's/[[:space:]]*$//' -e '$!d'
}

files() {
	data=$(value dataDir)
	pidfile=${ZOOPIDFILE:-$data/zookeeper_server.pid}
	logs=${ZOO_LOG_DIR:-$prefix/logs}
	out=$logs/zookeeper-${USER:-$(id -un)}-server-${HOSTNAME:-$(uname -n)}.out
}

# is_ours PID tells whether a process is a server of zooctl, and not another
# program that has got its number.
is_ours() {
	kill -0 "$1" 2>/dev/null || return 1
	if [ -r "/proc/$1/cmdline" ]; then
		words=$(tr '\0' ' ' <"/proc/$1/cmdline")
	else
		words=$(ps -o args= -p "$1")
	fi
	case $words in
	*" server --config "*) return 0 ;;
	esac
	return 1
}

running() {
	[ -f "$pidfile" ] || return 1
	pid=$(cat "$pidfile")
	[ -n "$pid" ] && is_ours "$pid"
}

pause() { sleep 0.1 2>/dev/null || sleep 1; }

start() {
	files
	printf 'Starting zookeeper ... '
	if running; then
		echo "already running as process $pid."
		return 1
	fi
	if [ -z "$data" ]; then
		echo "FAILED TO START: $cfg says no dataDir"
		return 1
	fi
	mkdir -p "$data" "$logs" "$(dirname "$pidfile")" || return 1
	nohup "$zooctl" server --config "$cfg" >"$out" 2>&1 </dev/null &
	pid=$!
	if ! printf %s "$pid" >"$pidfile"; then
		echo "FAILED TO WRITE PID"
		kill "$pid"
		return 1
	fi
	tries=100
	while kill -0 "$pid" 2>/dev/null; do
		if grep -q ' serves clients on ' "$out" || [ $tries -eq 0 ]; then
			echo STARTED
			return 0
		fi
		tries=$((tries - 1))
		pause
	done
	rm -f "$pidfile"
	echo "FAILED TO START"
	tail -n 5 "$out" >&2
	return 1
}

stop() {
	files
	printf 'Stopping zookeeper ... '
	if ! running; then
		echo "no zookeeper to stop (could not find file $pidfile, or its process)"
		return 0
	fi
	kill "$pid"
	tries=100
	while [ $tries -gt 0 ] && is_ours "$pid"; do
		tries=$((tries - 1))
		pause
	done
	rm -f "$pidfile"
	echo STOPPED
}

case ${1-} in
start | start-foreground | stop | status | restart | print-cmd)
	echo "Using config: $cfg" >&2
	;;
esac

case ${1-} in
start) start ;;
start-foreground)
	if [ -n "${ZOO_NOEXEC-}" ]; then
		"$zooctl" server --config "$cfg"
	else
		exec "$zooctl" server --config "$cfg"
	fi
	;;
stop) stop ;;
restart)
	stop
	start
	;;
status) exec "$zooctl" server status --config "$cfg" ;;
version) echo "Apache ZooKeeper, version 3.9.0, as zooctl $("$zooctl" version | sed -n 's/^version[[:space:]]*//p') speaks it" ;;
print-cmd) echo "\"$zooctl\" server --config \"$cfg\"" ;;
*)
	echo "Usage: $0 [--config <conf-dir>] {start|start-foreground|stop|version|restart|status|print-cmd}" >&2
	exit 64
	;;
esac
