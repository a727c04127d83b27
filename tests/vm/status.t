#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Guests that go wrong: each gets its own status, with what it had recorded until then.
# shellcheck source=tests/vm/lib.sh
. tests/vm/lib.sh

for kind in panic stall lockup oom exit corrupt; do
	set -- "$@" -s "$HERE/scenarios/fault-$kind.conf"
done
expect 1 "$WRINGER" run -k 6.12 -g one -p lru -n 1 "$@"
check()
{
	line=$("$WRINGER" show -s "fault-$1" | sed -n 2p)
	echo "$line"
	case $line in
	*"1  $2: "*"$3"*) ;;
	*) fail "fault-$1: '$line' is not $2 because of '$3'" ;;
	esac
	id=${line%% *}
	rows=$("$WRINGER" show "$id" --series | wc -l)
	[ "$rows" -ge 3 ] || fail "fault-$1: only $rows lines of series"
}
check panic panic "sysrq triggered crash"
check stall hung "workload w finished no operation"
check lockup hung "did not run for 10 s of virtual time"
check oom oom "killed by the OOM killer"
check exit workload-failed "exit code 7"
check corrupt workload-failed "does not hold what was written"
# What the kernel counts is there too: the OOM kill.
"$WRINGER" show "$("$WRINGER" show -s fault-oom | awk 'NR == 2 { print $1 }')" --json >"$DIR/json"
grep -A5 '"cgroup.w.events.oom_kill"' "$DIR/json" | grep -q '"value": 1' || fail "no oom_kill in memory.events"
# A second time there is nothing to run.
expect 1 "$WRINGER" run -k 6.12 -g one -p lru -n 1 "$@"
said "6 experiments in .*: 0 done, 6 ended otherwise, 0 failed on the host"
nothing_half_written
