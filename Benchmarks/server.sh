# Sourced by the benchmarks. Provides release servers on a separate PostgreSQL cluster with fsync and synchronous_commit on, and stops them with
# the script. Sets $address, $pid, $folder (the cluster is in $folder/cluster) and $pgbench. With BENCHMARK_BUILT=FOLDER the server in that
# folder is measured, without a build.
cd "$(dirname "$0")/.."
build=${BENCHMARK_BUILT:-.build-release/release}
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

# start NAME [VARIABLE=VALUE…]: starts a server and sets $address and $pid. With the dashboard off, $pid is the API process.
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

# child api|dashboard: prints the id of a process that $pid supervises.
child() { pgrep -P "$pid" -f -- "--only $1"; }
sql() { psql -qAtX -v ON_ERROR_STOP=1 -h "$folder/cluster" -U flotilla -d flotilla "$@"; }
ticks() { awk '{ print $14 + $15 }' "/proc/$1/stat"; }
# Prints microseconds of CPU time per request between two tick counts.
each() { awk "BEGIN { printf \"%.1f\", ($2 - $1) * 1000000 / $(getconf CLK_TCK) / $3 }"; }
resident() { awk '/VmRSS/ { printf "%.1f", $2 / 1024 }' "/proc/$1/status"; }
median() { sort -n "$1" | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }
ratio() { awk "BEGIN { printf \"%.2f\", $1 / $2 }"; }
# row MEASUREMENT FLOTILLA REFERENCE RATIO: prints one line of the table.
row() { printf '| %s | %s | %s | %s |\n' "$1" "$2" "$3" "$4"; }
