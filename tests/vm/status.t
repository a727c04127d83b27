#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Guests that go wrong: each gets its own status, with what it had recorded until then and with
# evidence.  What only a kernel can do to itself is in mishap.t.
# shellcheck source=tests/vm/lib.sh
. tests/vm/lib.sh

for kind in panic stall lockup oom exit corrupt flood records limit oom-allowed; do
	set -- "$@" -s "$HERE/scenarios/fault-$kind.conf"
done
expect 1 "$WRINGER" run -k 6.12 -g "$HERE/guests/small.conf" -p lru -n 1 "$@"

# id_of SCENARIO
id_of()
{
	"$WRINGER" show -s "fault-$1" | awk 'NR == 2 { print $1 }'
}

# check SCENARIO STATUS REASON
check()
{
	line=$("$WRINGER" show -s "fault-$1" | sed -n 2p)
	echo "$line"
	case $line in
	*"1  $2: "*"$3"*) ;;
	*) fail "fault-$1: '$line' is not $2 because of '$3'" ;;
	esac
	rows=$("$WRINGER" show "$(id_of "$1")" --series | wc -l)
	[ "$rows" -ge 3 ] || fail "fault-$1: only $rows lines of series"
}

# shows SCENARIO PATTERN...: 'show' tells so.
shows()
{
	"$WRINGER" show "$(id_of "$1")" >"$DIR/shown"
	name=$1
	shift
	for pattern; do
		grep -Eq -e "$pattern" "$DIR/shown" || {
			cat "$DIR/shown"
			fail "fault-$name: show does not say: $pattern"
		}
	done
}

# has SCENARIO FILE PATTERN
has()
{
	grep -Eq -e "$3" "$WRINGER_RESULTS/$(id_of "$1")"*/"$2" || fail "fault-$1: no '$3' in $2"
}

check panic panic "sysrq triggered crash"
shows panic "^  kind +panic" "^  function +sysrq_handle_crash" "Kernel panic - not syncing" "evidence.txt"
has panic evidence.txt "^RIP="
has panic console.txt "Mem-Info:"

check stall hung "workload w finished no operation"
check stall hung ", in __do_sys_pause"
has stall console.txt "Show Blocked State"
has stall evidence.txt "^RIP="

check lockup hung "did not run for 10 s of virtual time"
check lockup hung "it was in a program"
has lockup console.txt "NMI: Not continuing"

check oom oom "killed by the OOM killer"
shows oom "Memory cgroup out of memory: Killed process"
check exit workload-failed "exit code 7"
check corrupt workload-failed "does not hold what was written"

check flood console-flood "over 4 MiB"
size=$(wc -c <"$(echo "$WRINGER_RESULTS/$(id_of flood)"*/console.txt)")
[ "$size" -le 1100000 ] || fail "a flooded console of $size bytes was kept"

check records record-flood "records did not fit"
check limit virtual-timeout "the limit is 5000 ms"

line=$("$WRINGER" show -s fault-oom-allowed | sed -n 2p)
case $line in
*"1  done") ;;
*) fail "fault-oom-allowed: '$line'" ;;
esac
"$WRINGER" show "$(id_of oom-allowed)" --json >"$DIR/json"
grep -A5 '"cgroup.w.events.oom_kill"' "$DIR/json" | grep -q '"value": 1' || fail "no OOM kill where one is allowed"
[ ! -e "$(echo "$WRINGER_RESULTS/$(id_of oom-allowed)"*/evidence.txt)" ] || fail "evidence of a run that is done"

# What the kernel counts is there too: the OOM kill.
"$WRINGER" show "$(id_of oom)" --json >"$DIR/json"
grep -A5 '"cgroup.w.events.oom_kill"' "$DIR/json" | grep -q '"value": 1' || fail "no oom_kill in memory.events"
# A second time there is nothing to run.
expect 1 "$WRINGER" run -k 6.12 -g "$HERE/guests/small.conf" -p lru -n 1 "$@"
said "10 experiments in .*: 1 done, 9 ended otherwise, 0 failed on the host"
# The same bytes again, the watchdog's NMI and the flood included.
expect 0 "$WRINGER" replay "$(id_of lockup)" "$(id_of flood)"
nothing_half_written
# With too little room for the records the trace is not whole, and the result says so.
expect 1 "$WRINGER" check "$(id_of records)"
grep -q 'violated  *trace.lost' "$DIR/out" || fail "check: $(cat "$DIR/out")"
rm -r "$(echo "$WRINGER_RESULTS/$(id_of records)"*)"
