#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# What is measured is there on every kernel, or absent with a reason; what does not mean the same is
# marked; what is no longer the same machine is refused; results of the first format are still read.
# shellcheck source=tests/vm/lib.sh
. tests/vm/lib.sh

# names ID: all metrics of the registry and of workloads, without the kernel's raw counters.
names()
{
	jq -r '.metrics[].name | select(test("^vmstat\\.|^node\\.[0-9]+\\.[a-z0-9_]+$|\\.stat\\.") | not)' \
		"$WRINGER_RESULTS/$1/result.json"
}

expect 0 "$WRINGER" run -k 6.1,6.12,6.18,7.2,newest -g tiny -p mglru -s "$HERE/scenarios/short.conf" -n 1
[ "$(results | wc -l)" = 5 ] || fail "not five results"
for r in $(results); do
	id=$(basename "$r")
	names "$id" >"$DIR/names.$id"
	[ "$(wc -l <"$DIR/names.$id")" -gt 100 ] || fail "$id has few metrics"
	[ -e "$DIR/names" ] || cp "$DIR/names.$id" "$DIR/names"
	diff "$DIR/names" "$DIR/names.$id" || fail "$id has other metrics"
	jq -e '.checks | length > 5 and all(.verdict != "violated")' "$r/result.json" >/dev/null ||
		fail "$id: checks"
	jq -e '[.checks[] | select(.verdict == "held")] | length > 4' "$r/result.json" >/dev/null ||
		fail "$id: too few checks had something to compare"
	jq -e '.state["node.0.zone.DMA32.high"] | tonumber > 0' "$r/result.json" >/dev/null ||
		fail "$id: no watermarks"
done
jq -e '.kernel.config.LRU_GEN == "y"' "$WRINGER_RESULTS"/*/spec.json >"$DIR/out" || fail "no kernel configuration"

# A counter that changed its meaning gets no verdict, and a note says why.
"$WRINGER" compare --by kernel -k 6.12,newest -m reclaim.scan.direct,refault.file >"$DIR/out" ||
	[ $? = 1 ] || fail "compare"
grep -q 'reclaim.scan.direct .*meaning differs' "$DIR/out" || fail "no mark: $(cat "$DIR/out")"
grep -q 'refault.file .*meaning differs' "$DIR/out" && fail "one policy's refaults are alike"
grep -q '^note: reclaim.scan.direct does not mean the same in both: without-cgroup-limits' "$DIR/out" ||
	fail "no note: $(cat "$DIR/out")"

# Both arms say thp.enabled = always, and one never gets a huge page.
rm -rf "$WRINGER_RESULTS"
cat >"$DIR/small.conf" <<'END'
[policy]
title = MGLRU without pages of 2 MiB
[set]
/sys/kernel/mm/lru_gen/enabled = y
/sys/kernel/mm/transparent_hugepage/hugepages-2048kB/enabled = never
END
expect 0 "$WRINGER" run -k 6.12 -g tiny -p mglru,"$DIR/small.conf" -s "$HERE/scenarios/thp.conf" -n 1
[ "$(jq -r '.state["thp.enabled"]' "$WRINGER_RESULTS"/*/result.json | uniq | wc -l)" = 1 ] ||
	fail "the trap is none"
expect 128 "$WRINGER" compare
said 'not comparable: the arms differ in state\.thp\.anon too: "(some|none)" against "(some|none)"'
said 'whatever thp.enabled says'

# How two results differ.
one=$("$WRINGER" show -p mglru --json | jq -r '.[0].id')
two=$("$WRINGER" show -p "$DIR/small.conf" --json | jq -r '.[0].id')
expect 0 "$WRINGER" diff "$one" "$one"
grep -q '^samples: no difference' "$DIR/out" || fail "a result differs from itself"
expect 1 "$WRINGER" diff --json "$one" "$two"
jq -e '(.state | any(.path == "thp.anon")) and (.samples | length > 0) and
	(.spec | any(.a == null and (.b | tostring | test("hugepages-2048kB")))) and
	(.metrics | any(.path == "thp.anon_kib"))' "$DIR/out" >/dev/null || fail "diff: $(cat "$DIR/out")"

# Damage is found, whatever was damaged.
cp -r "$WRINGER_RESULTS" "$DIR/damaged"
sed -i 's/"unit": "op\/s"/"unit": "ops"/' "$DIR/damaged/$one/result.json"
sed -i 's/"seed": 1/"seed": 2/' "$DIR/damaged/$two/spec.json"
expect 1 "$WRINGER" check -o "$DIR/damaged"
[ "$(grep -c damaged "$DIR/out")" = 2 ] || fail "check: $(cat "$DIR/out")"
grep -q 'spec.json has the SHA-256' "$DIR/out" || fail "check: $(cat "$DIR/out")"
# damage SED WHAT: a number that nobody measured.
damage()
{
	sed "$1" "$WRINGER_RESULTS/$one/result.json" >"$DIR/damaged/$one/result.json"
	expect 1 "$WRINGER" check -o "$DIR/damaged" "$one"
	grep -q "damaged .*result.json: $2 are not what this program makes of the records" "$DIR/out" ||
		fail "$1: $(cat "$DIR/out")"
}
damage '0,/"value": [0-9]*/s//"value": 424242/' metrics
damage 's/"violated": \[\]/"violated": ["steal"]/' violated
damage '0,/"verdict": "held"/s//"verdict": "absent"/' checks
damage 's/"thp.anon": "[a-z]*"/"thp.anon": "some "/' state
expect 128 "$WRINGER" check -o "$DIR/damaged" 0000

# The first format.
old=tests/corpus/results
expect 0 "$WRINGER" check -o $old
said '2 of them are older than the JSON schema'
for id in 928da4a4 a89eb324; do
	expect 0 "$WRINGER" show -o $old $id
	grep -q 'workload.anon.rate' "$DIR/out" || fail "$id: no metrics"
	expect 0 "$WRINGER" show -o $old $id --series
	[ "$(wc -l <"$DIR/out")" -gt 5 ] || fail "$id: no series"
done
"$WRINGER" compare -o $old >"$DIR/out" || [ $? = 1 ] || fail "compare of old results"
grep -q 'workload.anon.rate' "$DIR/out" || fail "compare of old results: $(cat "$DIR/out")"
expect 1 "$WRINGER" diff -o $old 928da4a4 a89eb324
grep -q 'counters part' "$DIR/out" || fail "diff of old results: $(cat "$DIR/out")"
