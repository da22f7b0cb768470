# What the benchmarks share: a release server on a PostgreSQL cluster of its own, fsync and synchronous_commit on, ended with the script.
# Sourced, not run. Sets $address, $pid, $folder (the cluster is in $folder/cluster) and $pgbench.
cd "$(dirname "$0")/.."
build=.build-release/release
[ -n "${BENCHMARK_BUILT:-}" ] || deploy/build >&2
pgbench=$(command -v pgbench || ls /usr/lib/postgresql/*/bin/pgbench | tail -n 1)
for tool in wrk "$pgbench" psql curl python3; do
    command -v "$tool" >/dev/null || { echo "$tool is missing (Debian: wrk postgresql postgresql-client curl python3)" >&2; exit 1; }
done
folder=$(mktemp -d)
chmod 755 "$folder"
servers=
trap 'for server in $servers; do kill $server 2>/dev/null || :; wait $server 2>/dev/null || :; done; rm -rf "$folder"' EXIT
trap 'exit 130' INT TERM

# start NAME [VARIABLE=VALUE…]: a server; its address is in $address, its process in $pid. With the dashboard off that process is the API.
start() {
    name=$1
    shift
    env -u DATABASE_URL DATA_DIR="$folder/cluster" ADMIN_TOKEN=benchmark API_ADDRESS=127.0.0.1:0 WEB_ADDRESS=off LOG_LEVEL=warning \
        "$@" "$build/flotilla-server" >"$folder/$name" 2>"$folder/$name.err" &
    pid=$!
    servers="$pid $servers"
    for _ in $(seq 300); do grep -q '^API' "$folder/$name" && break; sleep 0.1; done
    address=$(sed -n 's/^API  //p' "$folder/$name")
    for _ in $(seq 600); do curl -fs "$address/readyz" >/dev/null && return; sleep 0.1; done
    cat "$folder/$name.err" >&2
    exit 1
}

# child api|dashboard: the process of one of the two that $pid supervises.
child() { pgrep -P "$pid" -f -- "--only $1"; }
sql() { psql -qAtX -v ON_ERROR_STOP=1 -h "$folder/cluster" -U flotilla -d flotilla "$@"; }
ticks() { awk '{ print $14 + $15 }' "/proc/$1/stat"; }
# Microseconds of processor time between two counts of ticks, per request.
each() { awk "BEGIN { printf \"%.1f\", ($2 - $1) * 1000000 / $(getconf CLK_TCK) / $3 }"; }
resident() { awk '/VmRSS/ { printf "%.1f", $2 / 1024 }' "/proc/$1/status"; }
median() { sort -n "$1" | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }
ratio() { awk "BEGIN { printf \"%.2f\", $1 / $2 }"; }
# row FIGURE OURS REFERENCE RATIO: one line of the table.
row() { printf '| %s | %s | %s | %s |\n' "$1" "$2" "$3" "$4"; }
