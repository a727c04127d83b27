#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# The exactness canary: the same experiment again gives the same bytes, with one CPU, two and four, while
# both of the host's cores are busy with something else; forked from a template, from one that was made
# again, and started from power-on.  Another seed gives others.
# shellcheck source=tests/vm/lib.sh
. tests/vm/lib.sh

own_templates
for _ in 1 2; do
	sh -c 'while :; do :; done' &
	BACKGROUND="$BACKGROUND $!"
done
for guest in two two-smp four; do
	expect 0 "$WRINGER" run -k 6.12 -g $guest -p mglru -s "$HERE/scenarios/short.conf" -n 1,2
	id=$("$WRINGER" show -g $guest -n 1 2>/dev/null | awk 'NR == 2 { print $1 }')
	grep -q '"start": "fork"' "$WRINGER_RESULTS/$id"*/host.json || fail "it was not forked"
	memory=$("$WRINGER" cache --json | grep memory_sha256)
	[ -n "$memory" ] || fail "there is no template"
	expect 0 "$WRINGER" replay --boot "$id"
	grep -q "identical, 1 of 1" "$DIR/out" || fail "booted, replay said: $(cat "$DIR/out")"
	expect 0 "$WRINGER" cache clear
	expect 0 "$WRINGER" replay --times 3 "$id"
	grep -q "identical, 3 of 3" "$DIR/out" || fail "forked, replay said: $(cat "$DIR/out")"
	[ "$("$WRINGER" cache --json | grep memory_sha256)" = "$memory" ] ||
		fail "the template that was made again has other memory"
	expect 0 "$WRINGER" cache clear
	sums=$("$WRINGER" show -g $guest --json | grep '"id"' | cut -d'"' -f4 |
		while read -r r; do "$WRINGER" show "$r" --series | sha256sum; done | sort -u | wc -l)
	[ "$sums" = 2 ] || fail "$guest: two seeds gave the same series"
done
# What only this program makes of the same data is told apart from a run that went another way.
stored=$(echo "$WRINGER_RESULTS/$id"*)
cp "$stored/result.json" "$DIR"
sed -i '0,/"unit": "op\/s"/s//"unit": "op"/' "$stored/result.json"
expect 0 "$WRINGER" replay "$id"
grep -q "identical records and console, 1 of 1, but result.json differs" "$DIR/out" || fail "said: $(cat "$DIR/out")"
mv "$DIR/result.json" "$stored"
# The stream counts, not how a version of the library compresses it; a result of before it was compressed.
"$WRINGER" show "$id" --records >"$DIR/records.bin"
rm "$stored/records.zst"
cp "$DIR/records.bin" "$stored"
expect 0 "$WRINGER" replay "$id"
printf x >>"$stored/records.bin"
expect 1 "$WRINGER" replay "$id"
grep -q "DIFFERENT, 1 of 1: the record stream differs from byte" "$DIR/out" || fail "replay missed it: $(cat "$DIR/out")"
no_emulators
mv "$DIR/records.bin" "$stored/records.bin"
"$WRINGER" show "$id" --series | grep -q "^time_ns,workload" || fail "an older result has no series"
