#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Every guest that is shipped is, to the kernel, what its file says; memory goes down the tiers where a policy
# says so, and nowhere else; a machine other than the one asked for ends the experiment with a sentence.
# shellcheck source=tests/vm/lib.sh
. tests/vm/lib.sh

boot=$HERE/scenarios/boot.conf

# result GUEST [POLICY]: the folder of the only result there is of it.
result()
{
	id=$("$WRINGER" show -g "$1" ${2:+-p "$2"} --json | grep '"id"' | cut -d'"' -f4)
	[ "$(echo "$id" | wc -w)" = 1 ] || fail "not one result of $1 $2"
	echo "$WRINGER_RESULTS/$id"
}

# state GUEST KEY VALUE [POLICY]: what the kernel said.
state()
{
	grep -Fq "\"$2\": \"$3\"" "$(result "$1" "${4-}")/result.json" ||
		fail "$1: $2 is not '$3': $(grep -F "\"$2\"" "$(result "$1" "${4-}")/result.json")"
}

# Those two are booted, and so checked, by other tests.
all=$(for f in guests/*.conf; do basename "$f" .conf; done | grep -vx -e one -e two-smp)
expect 0 "$WRINGER" run -k 6.12 -g "$(echo "$all" | paste -sd,)" -p lru -s "$boot" -n 1
[ "$(results | wc -l)" = "$(echo "$all" | wc -l)" ] || fail "not a result for each guest"
state memoryless nodes.memory 0
state memoryless nodes.cpu 0-1
state memoryless node.1.memory_kib 0
state movable nodes.memory 0-1
state movable nodes.normal_memory 0
state movable node.1.memory_kib 131072
state ring8 node.0.distance "10 20 30 40 50 40 30 20"
state two-unequal node.0.cpus 0-1
state two memory.tiers 4:0-1
state far memory.tiers "4:0 28:1"
state far node.1.read_latency 250

# What is movable can be taken away again.
cat >"$DIR/unplug.conf" <<'END'
[policy]
title = switches the movable node off
[set]
/sys/devices/system/memory/memory32/state = offline
[expect]
/sys/devices/system/memory/memory32/state = offline
END
expect 0 "$WRINGER" run -k 6.12 -g movable -p "$DIR/unplug.conf" -s "$boot" -n 1
state movable nodes.memory 0 unplug

# demoted POLICY: pages over the whole run, whoever moved them.
demoted()
{
	"$WRINGER" show "$(basename "$(result tiers "$1")")" --series |
		awk -F, 'NR == 1 { for (i = 1; i <= NF; i++) if ($i ~ /^vmstat.pgdemote_/) col[i] }
			END { for (i in col) sum += $i; print sum + 0 }'
}
sed '/^\[node 1\]/,$ s/^memory = .*/memory = 64M/; s/^memory = 192M/memory = 128M/' guests/far.conf >"$DIR/tiers.conf"
expect 0 "$WRINGER" run -k 6.12 -g "$DIR/tiers.conf" -p lru,lru-demote,mglru,mglru-demote \
	-s "$HERE/scenarios/tiers.conf" -n 1
for policy in lru mglru; do
	off=$(demoted $policy)
	on=$(demoted $policy-demote)
	echo "$policy: $off pages demoted, $policy-demote: $on"
	[ "$off" = 0 ] || fail "$policy demoted"
	[ "$on" -gt 1000 ] || fail "$policy-demote did not demote"
done

# unlike GUEST SED-SCRIPT PATTERN: the machine or the plan is changed behind the other's back.
unlike()
{
	expect 0 "$WRINGER" run -k 6.12 -g "$1" -p lru -s "$boot" -n 1 --dry-run
	sed "$2" "$DIR/out" >"$DIR/script"
	! cmp -s "$DIR/out" "$DIR/script" || fail "nothing was changed by $2"
	code=0
	TMPDIR=$DIR timeout 120 sh "$DIR/script" >"$DIR/log" 2>&1 || code=$?
	[ $code != 0 ] || fail "ended well although changed by $2"
	said=$(grep '^error ' "$(sed -n 's/^console and records are in //p' "$DIR/log")/progress")
	echo "$said"
	echo "$said" | grep -Eq "$3" || fail "does not say: $3"
}
unlike two 's/dst=1,val=20/dst=1,val=30/' "node0/distance says '10 30', not '10 20' as asked"
unlike two 's/m0,size=368M/m0,size=448M/; s/m1,size=368M/m1,size=288M/' \
	"node0/meminfo says MemTotal: [0-9]+, not [0-9]+ to 376832 as asked"
unlike far 's/^tiers 0 1$/tiers 1 0/' "node 0 is in memory tier 4, no slower than tier 28 of node 1"
no_emulators
nothing_half_written
