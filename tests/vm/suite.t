#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# suite: planned, run look by look, stopped and gone on with, and as it stands.
# shellcheck source=tests/vm/lib.sh
. tests/vm/lib.sh

suite=$DIR/made.conf
cat >"$suite" <<END
[suite]
title = for a test
[kernels]
lts = 6.12
good = last-good
[cells policies]
kernel = lts, good
guest = two
policy = lru, mglru
scenario = $HERE/scenarios/short.conf
seeds = 1-3
looks = 2, 3
compare = policy
[cells alone]
kernel = lts
guest = two
policy = mglru
scenario = $HERE/scenarios/short.conf
seeds = 2-4
priority = 9
END

expect 128 "$WRINGER" suite status "$suite"
said "suite made was not run here yet"
expect 0 "$WRINGER" suite plan "$suite" --json
said "kernel good: there is no last-good yet"
# Of ten one is in both: seed 2 and 3 of mglru.
jq -e '.experiments == 7 and .comparisons >= 1 and (.contests | length == 2)' "$DIR/out" >"$DIR/jq" ||
	fail "plan: $(cat "$DIR/out")"
expect 0 "$WRINGER" suite plan "$suite"
grep -q '^all  *2  *3  *7  *0  ' "$DIR/out" || fail "plan: $(cat "$DIR/out")"

# No time for anything.
expect 0 "$WRINGER" suite run "$suite" --time 1s
[ "$(find "$WRINGER_RESULTS" -maxdepth 1 -name '[0-9a-f]*' | wc -l)" = 0 ] || fail "something was run in no time"

# Killed in the middle, and gone on with: nothing is run twice.
"$WRINGER" suite run "$suite" -j 1 >"$DIR/first" 2>&1 &
BACKGROUND=$!
n=0
while [ "$(find "$WRINGER_RESULTS" -maxdepth 1 -name '[0-9a-f]*' | wc -l)" -lt 2 ]; do
	n=$((n + 1))
	[ $n -lt 2400 ] || fail "nothing was run: $(cat "$DIR/first")"
	sleep 0.1
done
kill -9 "$BACKGROUND"
wait "$BACKGROUND" 2>/dev/null || :
BACKGROUND=
find "$WRINGER_RESULTS" -maxdepth 2 -name result.json -printf '%p %i\n' | sort >"$DIR/before"
code=0
"$WRINGER" suite run "$suite" >"$DIR/out" 2>"$DIR/err" || code=$?
[ $code -le 1 ] || fail "suite run ended with $code: $(cat "$DIR/err")"
find "$WRINGER_RESULTS" -maxdepth 2 -name result.json -printf '%p %i\n' | sort >"$DIR/after"
comm -13 "$DIR/after" "$DIR/before" | grep . && fail "what was there was run again"
grep -q '^suite made: [67] of 7 experiments, 2 of 2 contests settled$' "$DIR/out" || fail "$(cat "$DIR/out")"
[ -f "$WRINGER_RESULTS/.index/results.db" ] || fail "the index was not made"

# As it stands is what the run said; and there is nothing left to do.
cp "$DIR/out" "$DIR/said"
code=0
"$WRINGER" suite status "$suite" >"$DIR/out" || code=$?
cmp "$DIR/said" "$DIR/out" || fail "status says something else"
"$WRINGER" suite run "$suite" >"$DIR/out" 2>"$DIR/err" || :
grep experiments, "$DIR/err" && fail "something was run again"
"$WRINGER" suite status "$suite" --all --json >"$DIR/out" || :
jq -e '[.contests[] | select(.by == "policy") | .pairs[] | .metrics[] | .verdict] | length >= 1' "$DIR/out" \
	>"$DIR/jq" || fail "status: $(cat "$DIR/out")"
"$WRINGER" suite status "$suite" --all >"$DIR/out" || :
grep -q '^  workload.anon.rate ' "$DIR/out" || fail "status --all: $(cat "$DIR/out")"

# A kernel that the suite remembers.
mkdir -p "$WRINGER_RESULTS/.suite/made"
echo 6.12 >"$WRINGER_RESULTS/.suite/made/last-good"
expect 0 "$WRINGER" suite plan "$suite" --json
jq -e '.experiments == 7' "$DIR/out" >"$DIR/jq" || fail "the same kernel by two names is two kernels"

# Bad input.
expect 129 "$WRINGER" suite
expect 129 "$WRINGER" suite run
expect 129 "$WRINGER" suite walk "$suite"
said "'walk' is none of plan, run and status"
expect 128 "$WRINGER" suite plan nothing-of-the-kind
said "'wringer show suites' lists them"
expect 129 "$WRINGER" suite run "$suite" --farm cloud
said "local, parallel or slurm"
expect 129 "$WRINGER" suite run "$suite" --workers a
said "\-\-workers needs"
sed 's/^lts = 6.12/lts = 6.99/' "$suite" >"$DIR/bad.conf"
expect 128 "$WRINGER" suite plan "$DIR/bad.conf"
said "bad.conf, \[cells policies\]: .*6\.99"
expect 128 "$WRINGER" cell nothing
said "'nothing' is no cell"
