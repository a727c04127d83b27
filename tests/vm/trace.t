#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Tracepoints: what we read out of the kernel's ring buffer is what trace-cmd reads out of it, and what the
# kernel counted in the same window; nothing is lost; the timeline is one.
# shellcheck source=tests/vm/lib.sh
. tests/vm/lib.sh

# id SCENARIO POLICY: the one result of both.
id()
{
	"$WRINGER" show -s "$1" -p "$2" | awk 'NR == 2 { print $1 }'
}

# counter ID KEY...: the change of these lines of vmstat over the window, added up.
counter()
{
	result=$(echo "$WRINGER_RESULTS/$1"*/result.json)
	shift
	for key; do
		jq --arg key "vmstat.$key" '.metrics[] | select(.name == $key).value' "$result"
	done | awk '{ sum += $1 } END { print sum + 0 }'
}

# traced NAME: this count of the summary in $DIR/json, 0 when it never happened.
traced()
{
	jq --arg name "$1" '[.counts[] | select(.name == $name and .scope == "system").value] | add // 0' \
		"$DIR/json"
}

# same ID COUNT KEY...: the kernel counted as many as came by.
same()
{
	run=$1
	count=$2
	shift 2
	[ "$(traced "$count")" = "$(counter "$run" "$@")" ] ||
		fail "$run: $count is $(traced "$count"), $* $(counter "$run" "$@")"
}

# trace-cmd says as many of each event as we do, over the whole run.
check_dat()
{
	expect 0 "$WRINGER" trace --dat "$DIR/trace.dat" "$1"
	expect 0 trace-cmd report -i "$DIR/trace.dat"
	# "task-PID [CPU] TIME: EVENT: FIELDS"
	awk '$2 ~ /^\[[0-9]+\]$/ { sub(":", "", $4); n[$4]++ } END { for (e in n) print e, n[e] }' \
		"$DIR/out" | sort >"$DIR/theirs"
	jq -r '.events | to_entries[] | select(.value.run > 0) |
		"\(.key | sub(".*/"; "")) \(.value.run)"' "$DIR/json" | sort >"$DIR/ours"
	[ -s "$DIR/ours" ] || fail "$1 has no events"
	diff "$DIR/theirs" "$DIR/ours" || fail "trace-cmd counts otherwise"
	[ "$("$WRINGER" trace --text "$1" | wc -l)" = "$(awk '{ n += $2 } END { print n }' "$DIR/ours")" ] ||
		fail "--text has other events"
	[ "$("$WRINGER" trace --text "$1" | awk '$1 < last { print } { last = $1 }' | wc -l)" = 0 ] ||
		fail "--text is out of order"
}

# Required keys; on each track times that go up and slices that are inside one another or apart.
check_timeline()
{
	expect 0 "$WRINGER" trace --timeline "$DIR/timeline" "$1"
	jq -e '
		def up: . == sort;
		def nested: reduce .[] as $e ({ends: [], ok: true};
			.ends |= map(select(. > $e.ts + 0.0005)) |
			if (.ends | length) > 0 and .ends[-1] < $e.ts + $e.dur - 0.0005 then .ok = false
			else .ends = .ends + [$e.ts + $e.dur] end) | .ok;
		.traceEvents as $all |
		($all | all(has("ph") and has("pid") and has("tid") and has("name"))) and
		($all | all(.ph == "M" or (.ts | type) == "number")) and
		($all | all(.ph != "X" or .dur >= 0)) and
		([$all[] | select(.ph == "X" or .ph == "i")] | group_by([.pid, .tid]) | all(map(.ts) | up)) and
		([$all[] | select(.ph == "C")] | group_by([.pid, .name]) | all(map(.ts) | up)) and
		([$all[] | select(.ph == "X")] | group_by([.pid, .tid]) | all(nested)) and
		([$all[] | select(.ph == "X" and .name == "direct reclaim")] | length > 0) and
		([$all[] | select(.ph == "C" and .name == "memory.current")] | length > 0)
	' "$DIR/timeline" >/dev/null || fail "the timeline of $1 is none"
	[ "$(jq '[.traceEvents[] | select(.name == "memcg reclaim")] | length' "$DIR/timeline")" = \
		"$(jq '.events["vmscan/mm_vmscan_memcg_reclaim_end"].run' "$DIR/json")" ] ||
		fail "not every episode is on the timeline"
}

expect 0 "$WRINGER" run -k 6.12 -g tiny -p lru,mglru -n 1 -s "$HERE/scenarios/trace.conf"
for policy in lru mglru; do
	run=$(id trace $policy)
	"$WRINGER" trace --json "$run" >"$DIR/json"
	[ "$(jq .lost "$DIR/json")" = 0 ] || fail "events were lost"
	check_dat "$run"
	check_timeline "$run"
	[ "$(traced trace.event.vmscan.mm_vmscan_direct_reclaim_begin)" -gt 10 ] || fail "no direct reclaim"
	[ "$(traced trace.event.vmscan.mm_vmscan_kswapd_wake)" -gt 2 ] || fail "no kswapd"
	same "$run" trace.event.vmscan.mm_vmscan_direct_reclaim_begin allocstall_normal \
		allocstall_movable allocstall_dma32 allocstall_dma
	same "$run" trace.event.vmscan.mm_vmscan_kswapd_wake pageoutrun
	same "$run" reclaimed.kswapd pgsteal_kswapd
	same "$run" reclaimed.direct pgsteal_direct
	# What MGLRU has the kernel count as scanned is what was isolated.
	[ $policy = lru ] && scan=scan || scan=taken
	same "$run" "$scan.kswapd" pgscan_kswapd
	same "$run" "$scan.direct" pgscan_direct
	same "$run" oom.kill oom_kill
	# Episodes are the cgroup's whose tasks they are of: no other is at a limit.
	[ "$(jq '[.episodes[] | select(.name == "stall.memcg") | select(.scope == "system" or
		.scope == "cgroup.app").count] | .[0] > 0 and .[0] == .[1]' "$DIR/json")" = true ] ||
		fail "memcg reclaim is not cgroup app's"
done

# The buffer's pages are part of what replays exactly.
expect 0 "$WRINGER" replay "$run"
grep -q "identical, 1 of 1" "$DIR/out" || fail "replay said: $(cat "$DIR/out")"

# A kill in the window.
expect 0 "$WRINGER" run -k 6.12 -g tiny -p lru -n 1 -s "$HERE/scenarios/fault-oom-allowed.conf"
run=$(id fault-oom-allowed lru)
"$WRINGER" trace --json "$run" >"$DIR/json"
[ "$(traced oom.kill)" = 1 ] || fail "the OOM kill was not traced"
same "$run" oom.kill oom_kill

# Without.
expect 0 "$WRINGER" run -k 6.12 -g tiny -p lru -n 1 -s "$HERE/scenarios/trace-none.conf"
expect 128 "$WRINGER" trace "$(id trace-none lru)"
said "has no tracepoints"
grep -q '"trace.level": "none"' "$WRINGER_RESULTS"/*/result.json || fail "the state does not say so"
no_emulators
nothing_half_written
