#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# explain: a limit that is lowered at a known time in one arm is found then and there; policies part;
# seeds of one arm do not.
# shellcheck source=tests/vm/lib.sh
. tests/vm/lib.sh

conf=$HERE/scenarios/explain.conf
# Of six seeds there are 32 labellings, and only one that no other equals is found: with 8 it is not that close.
expect 0 "$WRINGER" run -k 6.12 -g tiny -p lru -s "$conf,$conf:shrunk=12M" -n 1-8
expect 0 "$WRINGER" run -k 6.12 -g tiny -p mglru -s "$conf" -n 1-8

# The same seeds are the same runs until the step, also in the sample that is taken at it, so what parts first
# is what it reclaims.
expect 1 "$WRINGER" explain -p lru -s "$conf,$conf:shrunk=12M" --by scenario -n 1-8
cat "$DIR/out"
[ ! -s "$DIR/err" ] || fail "something to say: $(cat "$DIR/err")"
awk 'length > 72 { exit 1 }' "$DIR/out" || fail "a line is too long"
grep -q "^First apart: window +0.[12][0-9]* to +0.2" "$DIR/out" || fail "not found when it was"
grep -q "^step shrink: window +0.2" "$DIR/out" || fail "no word of the step"
expect 1 "$WRINGER" explain -p lru -s "$conf,$conf:shrunk=12M" --by scenario -n 1-8 --json
jq -e '.tested and .around.phase == "window" and
	(.findings | map(select(.from_start)) | length == 0) and
	(.findings | map(select(.scope == "cgroup app" and .agreed_ns <= 221e6 and
		.apart_ns >= 200e6 and .apart_ns <= 300e6)) | length > 0) and
	(.findings | map(select(.apart_ns < 200e6)) | length == 0)' "$DIR/out" >/dev/null ||
	fail "not the cgroup app, or not then: $(jq -c '.findings | map([.name, .apart_ns])' "$DIR/out")"

# By two experiments the same, and by one of each a difference that nobody tested.
expect 1 "$WRINGER" explain -p lru -s "$conf,$conf:shrunk=12M" --by scenario -n 1 --json
a=$(jq -r '.a.ids[0]' "$DIR/out")
b=$(jq -r '.b.ids[0]' "$DIR/out")
jq -e '.tested | not' "$DIR/out" >/dev/null || fail "one run each was tested"
expect 1 "$WRINGER" explain -n 1 "$a" "$b"
grep -q "^One run each knows no spread" "$DIR/out" || fail "no word that there is no spread"

# One arm's seeds are one arm.
expect 0 "$WRINGER" explain --halves "$a"
grep -q "^No counter differs by more than the seeds do.$" "$DIR/out" || fail "halves differ"
expect 128 "$WRINGER" explain --halves -n 1-6 "$a"
said "halves of 3 and 3 experiments can show nothing"

# Policies.
expect 1 "$WRINGER" explain -s "$conf" -n 1-8
grep -q "^A: lru (" "$DIR/out" || fail "no arms"
grep -q "^First apart: " "$DIR/out" || grep -q "^Already apart when " "$DIR/out" ||
	fail "LRU and MGLRU do the same"

# Refusals.
expect 129 "$WRINGER" explain "$a"
said "two experiments, whose arms are taken"
expect 129 "$WRINGER" explain "$a" "$a"
said "both are of one arm"
expect 128 "$WRINGER" explain --by policy "$a" "$b"
said "not comparable: the arms differ in scenario"
expect 128 "$WRINGER" explain "$a" ffffffff
expect 129 "$WRINGER" explain -p lru,mglru
said "2 arms are wanted, and 3 match"
