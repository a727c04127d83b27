#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# The printed command line is the experiment: run by hand it records the same bytes.
# shellcheck source=tests/vm/lib.sh
. tests/vm/lib.sh

set -- -k 6.12 -g two -p lru -s "$HERE/scenarios/short.conf" -n 3
expect 0 "$WRINGER" run "$@" --dry-run
cp "$DIR/out" "$DIR/script"
[ ! -e "$WRINGER_RESULTS" ] || fail "a dry run wrote results"
code=0
TMPDIR=$DIR sh "$DIR/script" >"$DIR/log" 2>&1 || code=$?
[ $code = 0 ] || fail "the script ended with $code: $(cat "$DIR/log")"
by_hand=$(sed -n 's/^console and records are in //p' "$DIR/log")
expect 0 "$WRINGER" run "$@"
stored=$(results)
"$WRINGER" show "${stored##*/}" --records >"$DIR/records"
cmp -n "$(stat -c %s "$DIR/records")" "$DIR/records" "$by_hand/records" ||
	fail "the records differ"
cmp "$stored/console.txt" "$by_hand/console.txt" || fail "the consoles differ"
