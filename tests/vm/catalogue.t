#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# compare --table and spread: several scenarios at once, what is missing named, and commands that repeat it.
# shellcheck source=tests/vm/lib.sh
. tests/vm/lib.sh

# scenario NAME GROUP LINE: the shortest there is.
scenario()
{
	cat >"$DIR/$1.conf" <<-EOT
	[scenario]
	title = tiny
	group = $2
	primary = workload.anon.rate
	warmup = 1ms
	window = 10ms
	sample = 0
	$3
	[cgroup app]
	memory.max = 3M
	[workload anon]
	type = anon
	cgroup = app
	size = 4M
	EOT
}

# No rate is that steady, so each seed's warm-up ends at its longest.
scenario first storms 'steady = 0.000001
steady_period = 1ms
warmup_max = 12ms'
scenario second shapes ''
scenario third own ''
both=$DIR/first.conf,$DIR/second.conf

expect 0 "$WRINGER" run -k 6.12 -g tiny -p lru,mglru -s "$both" -n 1-2
expect 0 "$WRINGER" run -k 6.12 -g tiny -p lru -s "$DIR/third.conf" -n 1

code=0
"$WRINGER" compare --table -s "$both,$DIR/third.conf,kv-scan" >"$DIR/table" || code=$?
cat "$DIR/table"
[ $code = 1 ] || fail "a table that is not whole ended with $code"
grep -q '^kernel 6\.12\.[0-9]*, guest tiny, n = 2$' "$DIR/table" || fail "no heading"
grep -q 'by Holm over all 2 tests$' "$DIR/table" || fail "not one family"
grep -A 1 '^shapes$' "$DIR/table" | grep -q '^second  *anon\.rate .* undec\.$' || fail "no row of second"
grep -A 1 '^storms$' "$DIR/table" | grep -q '^first  *anon\.rate .* undec\.$' || fail "no row of first"
grep -q '^  third: no results of mglru$' "$DIR/table" || fail "third is not named"
grep -q '^  kv-scan: no results$' "$DIR/table" || fail "kv-scan is not named"
grep -q '^  first: 2 of 2 of lru were measured before they were warm$' "$DIR/table" || fail "not warm, not told"
grep -q '^0 better, 0 worse, 0 same, 2 undecided$' "$DIR/table" || fail "no count"
grep -q "from n = 5 on" "$DIR/table" || fail "no word of how many seeds it takes"
grep -q "rows lack 3 seeds$" "$DIR/table" || fail "no word of how many seeds are missing"

# What it says to do again gives the same table.
sed -n '/^again:/,$p' "$DIR/table" >"$DIR/again"
sed -n '/wringer compare/,$p' "$DIR/again" | sed "s|^ *wringer|$WRINGER|" >"$DIR/again.sh"
sh "$DIR/again.sh" >"$DIR/table2" || [ $? = 1 ] || fail "again: $(cat "$DIR/again.sh")"
cmp "$DIR/table" "$DIR/table2" || fail "again gives another table"
sed '/wringer compare/,$d' "$DIR/again" | sed "s|^again: wringer|$WRINGER|; s|,kv-scan||" >"$DIR/again.sh"
sh "$DIR/again.sh" 2>"$DIR/err" || fail "again: $(cat "$DIR/again.sh" "$DIR/err")"
# Seed 1 of third under lru was there; what was missing has been run.
expect 0 "$WRINGER" compare --table -s "$both,$DIR/third.conf"
grep -q '^third  *anon\.rate ' "$DIR/out" || fail "again made no results of third"

# The same as data, and the list of what is asked for does not hide a scenario.
expect 0 "$WRINGER" compare --table --json -s "$both"
jq -e '.tables[0].tests == 2 and .tables[0].count.undecided == 2 and
	(.tables[0].metrics | length) == 2' "$DIR/out" >/dev/null || fail "JSON: $(cat "$DIR/out")"
expect 129 "$WRINGER" compare --table --all
expect 129 "$WRINGER" compare --table --by scenario
expect 129 "$WRINGER" compare --table --base x

# All arms side by side, with what reclaim costs where the probe has seen it.
expect 0 "$WRINGER" compare --matrix -s "$both"
! grep -q insns/page "$DIR/out" || fail "a cost that nobody has counted"
"$WRINGER" show -s "$DIR/first.conf" --json | jq -r '.[] | select(.seed == 1) | .id' >"$DIR/ids"
[ "$(wc -l <"$DIR/ids")" = 2 ] || fail "not two experiments to probe"
# shellcheck disable=SC2046 # IDs have no blanks
expect 0 "$WRINGER" probe $(cat "$DIR/ids")
expect 0 "$WRINGER" compare --matrix -s "$both"
grep -A1 '^first  *anon\.rate ' "$DIR/out" | grep -Eq '^ *insns/page +[0-9.]+k? +[+-][0-9.]+%' ||
	fail "no cost: $(cat "$DIR/out")"
[ "$(grep -c insns/page "$DIR/out")" = 1 ] || fail "a cost that nobody has counted"
grep -q '^n  *2  *2$' "$DIR/out" || fail "no numbers of seeds"
expect 0 "$WRINGER" compare --matrix --json -s "$both"
jq -e '.costs | length == 2 and all(.instructions_per_page > 100 and .n == 1)' "$DIR/out" >/dev/null ||
	fail "JSON: $(cat "$DIR/out")"

# The usual table tells of it, too, and is not refused.
code=0
"$WRINGER" compare -s "$DIR/first.conf" >"$DIR/out" || code=$?
[ $code -le 1 ] || fail "compare of what was not warm ended with $code"
grep -q '^note: 2 of 2 experiments of lru were measured before they were warm' "$DIR/out" || fail "not warm, not told"

expect 0 "$WRINGER" spread -s "$both"
grep -q '^second, guest tiny$' "$DIR/out" || fail "spread: $(cat "$DIR/out")"
grep -Eq '^  anon\.rate +lru +2 ' "$DIR/out" || fail "spread: $(cat "$DIR/out")"
expect 0 "$WRINGER" spread --markdown --change 10 --power 90 -s "$both"
grep -q '| seeds for 10 % |$' "$DIR/out" || fail "spread --markdown: $(cat "$DIR/out")"
grep -q '^| second | tiny | workload.anon.rate | mglru | 2 | ' "$DIR/out" || fail "spread --markdown: $(cat "$DIR/out")"
expect 1 "$WRINGER" spread -s "$both,kv-scan"
said '^no results of 1 scenario: kv-scan$'
expect 129 "$WRINGER" spread -s kv-scan
expect 129 "$WRINGER" spread --power 100
