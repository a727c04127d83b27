#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Engines: a result says its own, and no two are pooled, compared or replayed unasked.
# shellcheck source=tests/vm/lib.sh
. tests/vm/lib.sh

set -- -k 6.12 -g one -p lru -s "$HERE/scenarios/short.conf" -n 1
expect 0 "$WRINGER" run -e exact,fast "$@"
[ "$(results | wc -l)" = 2 ] || fail "not two results"
for engine in exact fast; do
	id=$("$WRINGER" show -e $engine | awk 'NR == 2 { print $1 }')
	"$WRINGER" show "$id" | grep -qx "engine $engine" || fail "$id does not say its engine"
	grep -q "\"engine\": \"$engine\"" "$WRINGER_RESULTS/$id"*/result.json || fail "nor does its result.json"
done
grep -q '"plugin"' "$WRINGER_RESULTS/$id"*/spec.json && fail "a plugin under the engine fast"

# One arm is no comparison, whatever other engines have run; asked for, they are compared.
expect 129 "$WRINGER" compare
said "1 results of other engines left out"
said "nothing to compare: 1 arm"
code=0
"$WRINGER" compare --by engine >"$DIR/table" 2>&1 || code=$?
[ $code -le 1 ] || fail "compare --by engine: $(cat "$DIR/table")"
grep -q "^base: exact, other: fast$" "$DIR/table" || fail "not exact against fast: $(cat "$DIR/table")"
grep -q "^again: wringer run .* -e exact,fast -n 1$" "$DIR/table" || fail "no way to repeat it"

expect 128 "$WRINGER" replay "$id"
said "was run by the engine fast, in real time"
expect 128 "$WRINGER" run -e bochs "$@"
said "there is no engine 'bochs'"
expect 128 "$WRINGER" run -e uml "$@"
said "kernel .* is not built for User-Mode Linux, which the engine uml runs"

# Either it boots a kernel, or it says why not, soon, and nothing is run.
code=0
start=$(date +%s)
"$WRINGER" run -e kvm "$@" >"$DIR/out" 2>"$DIR/err" || code=$?
case $code in
0) [ "$("$WRINGER" show -e kvm | awk 'NR == 2 { print $2, $NF }')" = "kvm done" ] || fail "no result of kvm" ;;
128)
	said "the engine kvm does not work on this host: a kernel d(oes|id) not boot"
	[ "$(wc -l <"$DIR/err")" = 1 ] || fail "more than one line: $(cat "$DIR/err")"
	[ $(($(date +%s) - start)) -lt 60 ] || fail "it took too long to say so"
	[ "$(results | wc -l)" = 2 ] || fail "a result was written"
	;;
*) fail "exit code $code: $(cat "$DIR/err")" ;;
esac
nothing_half_written
