#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# What is recorded inside the window: every source is there or said to be absent, each in its turn; the
# same numbers as CSV and JSON; and observing takes less than 1 % of the guest's time.
# KERNELS="6.12 7.3" chooses kernels; otherwise 6.12, and of 6.1 and 7.3 what is in the cache.
# shellcheck source=tests/vm/lib.sh
. tests/vm/lib.sh

# cached BRANCH: its newest kernel is.
cached()
{
	"$WRINGER" kernel list | awk -v b="$1." 'index($1, b) == 1 && $2 != "-" { last = $6 }
		END { exit last != "yes" }'
}

if [ -z "${KERNELS-}" ]; then
	KERNELS=6.12
	for k in 6.1 7.3; do
		! cached $k || KERNELS="$KERNELS $k"
	done
fi

cat >"$DIR/three.conf" <<'END'
[scenario]
title = three cgroups
warmup = 300ms
window = 1s
[file a]
size = 16M
[cgroup a]
memory.max = 12M
[cgroup b/c]
memory.max = 12M
[cgroup d]
memory.max = 12M
[workload reader]
type = kv
cgroup = a
file = a
[workload other]
type = kv
cgroup = b/c
file = a
[workload anon]
type = anon
cgroup = d
size = 16M
END

# rows ID COLUMNS: lines of CSV without the first.
rows()
{
	"$WRINGER" show "$1" --columns "$2" | tail -n +2 | wc -l
}

# each ID WANT NAME...: each of these counters has so many values.
each()
{
	id=$1
	want=$2
	shift 2
	for name; do
		n=$(rows "$id" "$name")
		[ "$n" = "$want" ] || fail "$k: $name has $n values, not $want"
	done
}

check_turns()
{
	each "$1" 11 vmstat.nr_free_pages psi.memory.some_us psi.io.full_us psi.cpu.some_us \
		cgroup.a.current cgroup.b/c.swap.current cgroup.d.events.max cgroup.a.psi.io.some_us \
		cgroup.a.psi.cpu.some_us task.reader.cpu_ns task.anon.cpu_ns task.kswapd0.cpu_ns \
		task.kcompactd1.cpu_ns task.ksmd.cpu_ns task.init.cpu_ns device.swap.reads \
		device.data.reads workload.anon.ops
	each "$1" 6 cgroup.b/c.stat.anon lru_gen.b/c.node.0.max_seq lru_gen./.node.1.gen.0.file \
		task.anon.state
	each "$1" 3 zone.0.DMA32.free zone.0.DMA32.low zone.1.DMA32.managed node.1.nr_free_pages \
		buddy.0.DMA32.0 meminfo.MemFree cgroup.a.events.local.max cgroup.a.swap.events.fail \
		task.kswapd1.state
	each "$1" 2 node.0.meminfo.MemFree cgroup.d.numa.1.anon
}

# Every source of the plan is in the costs, which count what was read, or has no counters at all.
check_sources()
{
	"$WRINGER" show "$1" --all | sed -n '/^observer/,$p' >"$DIR/costs"
	"$WRINGER" show "$1" --plan | sed -n 's/^source [^ ]* [0-9]* //p' >"$DIR/sources"
	[ "$(wc -l <"$DIR/sources")" -ge 60 ] || fail "$k: only $(wc -l <"$DIR/sources") sources"
	absent=0
	while read -r source; do
		grep -q "^  $source  *[0-9]* " "$DIR/costs" && continue
		absent=$((absent + 1))
		echo "$k: $source is absent"
		case $source in
		*khugepaged) ;;
		*) fail "$k: $source was not read" ;;
		esac
	done <"$DIR/sources"
	[ "$(grep -c ' %$' "$DIR/costs")" = $(($(wc -l <"$DIR/sources") - absent + 1)) ] ||
		fail "$k: costs of other sources: $(cat "$DIR/costs")"
}

# The same table, once from CSV and once from JSON.
check_json()
{
	columns=cgroup.d.current,zone.0.DMA32.free,task.anon.state
	"$WRINGER" show "$1" --columns $columns --json >"$DIR/json"
	for name in cgroup.d.current zone.0.DMA32.free task.anon.state; do
		"$WRINGER" show "$1" --columns $columns | awk -F, -v name="$name" '
			NR == 1 { for (i = 1; i <= NF; i++) if ($i == name) at = i; next }
			{ print $at == "" ? "null" : $at }' >"$DIR/a"
		awk -v name="\"$name\":" 'on && /\]/ { exit } on { gsub(/[ ,]/, ""); print }
			index($0, name) { on = 1 }' "$DIR/json" >"$DIR/b"
		[ "$(wc -l <"$DIR/a")" = 11 ] || fail "$k: $(wc -l <"$DIR/a") rows of $name"
		cmp "$DIR/a" "$DIR/b" || fail "$k: CSV and JSON differ in $name"
	done
}

check_share()
{
	share=$(awk '/all the agent did/ { print $(NF - 1) }' "$DIR/costs")
	echo "$k: observing took $share % of the window"
	awk -v share="$share" 'BEGIN { exit !(share > 0.05 && share < 1) }' ||
		fail "$k: observing took $share % of the window"
}

expect 0 "$WRINGER" run -k "$(echo "$KERNELS" | tr ' ' ,)" -g two -p mglru -s "$DIR/three.conf" -n 1
for k in $KERNELS; do
	id=$("$WRINGER" show -k "$k" -s three | awk 'NR == 2 { print $1 }')
	check_turns "$id"
	check_sources "$id"
	check_json "$id"
	check_share
done

# What is there can be listed, and each of it asked for.
"$WRINGER" show "$id" --counters >"$DIR/counters"
[ "$(wc -l <"$DIR/counters")" -gt 1000 ] || fail "only $(wc -l <"$DIR/counters") counters"
awk 'NR % 97 == 0' "$DIR/counters" >"$DIR/some"
while read -r name; do
	[ "$(rows "$id" "$name")" -gt 0 ] || fail "$name is listed, but has no values"
done <"$DIR/some"
"$WRINGER" show "$id" --columns '*' | head -n 1 | tr ',' '\n' | tail -n +2 | cmp - "$DIR/counters" ||
	fail "the columns of all are not what is listed"
expect 128 "$WRINGER" show "$id" --columns vmstat.nix
said "has no counter 'vmstat.nix'"

# The cost that is told is the cost: the agent's own CPU time over the window is not much more.
cpu=$("$WRINGER" show "$id" --columns task.init.cpu_ns |
	awk -F, 'NR == 2 { a = $2 } { b = $2 } END { print b - a }')
told=$(awk '/all the agent did/ { print $(NF - 3) * $(NF - 2) }' "$DIR/costs")
echo "the agent ran for $cpu ns, of which it tells $told"
awk -v a="$told" -v b="$cpu" 'BEGIN { exit !(a > b * 0.8 && a < b * 1.2) }' ||
	fail "the agent ran for $cpu ns and tells of $told"
nothing_half_written
