#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# compare: a table for arms that differ in one axis, a refusal with the reason for others.
# shellcheck source=tests/vm/lib.sh
. tests/vm/lib.sh

short=$HERE/scenarios/short.conf
expect 0 "$WRINGER" run -k 6.12 -g two -p lru,mglru -s "$short" -n 1-2
code=0
"$WRINGER" compare >"$DIR/table" || code=$?
[ $code -le 1 ] || fail "compare ended with $code"
cat "$DIR/table"
grep -q "^workload.anon.rate .* UNDECIDED$" "$DIR/table" || fail "two seeds decided something"
grep -q "nothing can be decided below n = 5" "$DIR/table" || fail "no word of how many seeds it takes"
grep -q "^again: wringer run -k .* -g two -p lru,mglru -s short -n 1-2$" "$DIR/table" || fail "no way to repeat it"

# The same labels, another machine.
sed 's/^latency = 80us/latency = 90us/' guests/two.conf >"$DIR/two.conf"
sed 's/^\[policy\]/[policy]/' policies/mglru.conf >"$DIR/other.conf"
expect 0 "$WRINGER" run -k 6.12 -g "$DIR/two.conf" -p "$DIR/other.conf" -s "$short" -n 1
expect 128 "$WRINGER" compare -p lru,other
said "not comparable: the arms differ in guest\.(data|swap)\.latency_ns too: 80000 against 90000 \(--allow"
expect 0 "$WRINGER" compare -p lru,other --allow guest,engine

# State that one arm's knobs changed beside the policy.
printf '\n[set]\n/proc/sys/vm/swappiness = 10\n' | cat "$short" - >"$DIR/short.conf"
expect 0 "$WRINGER" run -k 6.12 -g one -p lru -s "$short" -n 1
expect 0 "$WRINGER" run -k 6.12 -g one -p mglru -s "$DIR/short.conf" -n 1
expect 128 "$WRINGER" compare -g one
said "not comparable: the arms differ in scenario\.conf"
expect 128 "$WRINGER" compare -g one --allow scenario
said "not comparable: the arms differ in state\.vm\.swappiness too: \"60\" against \"10\""
expect 0 "$WRINGER" compare -g one --allow scenario,state.vm.swappiness

# Of all these, over kernels.
expect 128 "$WRINGER" history workload.kv.rate
said "there is no index in .*'wringer index' makes it"
expect 0 "$WRINGER" index
grep -q "^[1-9][0-9]* added, 0 removed, 0 cannot be read$" "$DIR/out" || fail "index: $(cat "$DIR/out")"
expect 0 "$WRINGER" history workload.kv.rate -g two -p lru --json
jq -e '.series[0].points[0] | (.kernel | startswith("6.12")) and (.values | length == 2)' "$DIR/out" >"$DIR/jq" ||
	fail "history: $(cat "$DIR/out")"
id=$(jq -r '.series[0].points[0].values[0].id' "$DIR/out")
jq -e --argjson v "$(jq '.series[0].points[0].values[0].value' "$DIR/out")" \
	'.metrics[] | select(.name == "workload.kv.rate") | .value == $v' "$WRINGER_RESULTS/$id/result.json" >"$DIR/jq" ||
	fail "history has another value than the result"
expect 128 "$WRINGER" history no.such.metric
said "no experiment in the index has a metric 'no.such.metric'"
expect 129 "$WRINGER" history workload.kv.rate -p none
expect 0 "$WRINGER" history
grep -qx "no metric.s level changes from one kernel to another" "$DIR/out" || fail "history of all: $(cat "$DIR/out")"
mv "$WRINGER_RESULTS/$id" "$DIR/away"
expect 0 "$WRINGER" history workload.kv.rate -g two
said "results have changed since the index was made"
expect 0 "$WRINGER" index
grep -q "^0 added, 1 removed," "$DIR/out" || fail "index: $(cat "$DIR/out")"
