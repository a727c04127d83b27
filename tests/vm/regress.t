#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Known regressions are found from their scenario files alone: the bad kernel does not do what is
# expected of it, the good one does.  And what only looks like one is refused.
# shellcheck source=tests/vm/lib.sh
. tests/vm/lib.sh

S=$PWD/workloads/scenarios

# pair SCENARIO BAD GOOD POLICY WHY
pair()
{
	expect 1 "$WRINGER" run -k "$2" -p "$4" -s "$S/$1.conf" -n 1 -j 1
	said "expectation-failed: .* $4 $1 seed 1: expected $5"
	expect 0 "$WRINGER" run -k "$3" -p "$4" -s "$S/$1.conf" -n 1 -j 1
}

# Nobody woke the flushers: out of memory with nothing but dirty page cache, with MGLRU only.
pair regress-flushers 6.12.95 6.12.107 mglru 'cgroup.app.events.oom_kill@close = == 0; it is 1'
expect 0 "$WRINGER" run -k 6.12.95 -p lru -s "$S/regress-flushers.conf" -n 1

# File pages went where anonymous memory only was asked for.
pair regress-anon-only 7.2.12 7.3.4 mglru 'cgroup.app.stat.file@after = .*'

# A trap: one kernel had huge pages there and the other none, so speed says nothing.
expect 0 "$WRINGER" run -k 6.1,6.12.107 -p mglru -s "$S/regress-pageout.conf" -n 1,2 -j 1
expect 128 "$WRINGER" compare -s regress-pageout -p mglru --by kernel
said 'not comparable: .*state\.thp\.anon'
