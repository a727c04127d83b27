#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Three of us at once on one results folder and one cache, two of them with the same experiments, and somebody
# who removes templates all the time: nobody is disturbed.
# shellcheck source=tests/vm/lib.sh
. tests/vm/lib.sh
own_templates

start()
{
	"$WRINGER" run -k 6.12 -g tiny -s "$HERE/scenarios/blink.conf" -j 1 "$@" >"$DIR/log.$#$2" 2>&1 &
	pids="$pids $!"
	BACKGROUND="$BACKGROUND $!"
}

pids=
start -n 1-3 -p lru
start -n 1-3 -p lru,mglru
start -n 3-5 -p mglru
sh -c 'while sleep 1; do "$0" cache clear; done' "$WRINGER" >/dev/null 2>&1 &
BACKGROUND="$BACKGROUND $!"
for pid in $pids; do
	wait "$pid" || fail "one of them ended with $?: $(cat "$DIR"/log.*)"
done
nothing_half_written
[ "$(results | wc -l)" = 8 ] || fail "there are $(results | wc -l) results, not 8"
# shellcheck disable=SC2046 # ids have no blanks
expect 0 "$WRINGER" replay --boot $(results | sed 's|.*/||' | head -n 2)
[ "$(grep -c 'identical, 1 of 1' "$DIR/out")" = 2 ] || fail "replay said: $(cat "$DIR/out")"
# Each is judged by itself, and told in the order of the command.
# shellcheck disable=SC2046 # ids have no blanks
set -- $(results | sed 's|.*/||' | head -n 2)
cp "$WRINGER_RESULTS/$1/console.txt" "$DIR/console"
echo damage >>"$WRINGER_RESULTS/$1/console.txt"
expect 1 "$WRINGER" replay --times 2 "$1" "$2" "$1"
cut -d" " -f1,2 "$DIR/out" | tr -d , >"$DIR/said"
printf '%.12s DIFFERENT\n%.12s identical\n' "$1" "$2" | cmp -s - "$DIR/said" || fail "replay said: $(cat "$DIR/out")"
cp "$DIR/console" "$WRINGER_RESULTS/$1/console.txt"
# With a machine for each CPU, each has its own; of fewer the host decides.
where()
{
	"$WRINGER" replay --times 4 -j "$1" "$2" >/dev/null 2>&1 &
	allowed=
	while [ -z "$allowed" ] && kill -0 $! 2>/dev/null; do
		allowed=$(sed -n 's/^Cpus_allowed_list:.//p' "$(emulators | head -n 1)/status" 2>/dev/null) || :
	done
	wait $!
	echo "$allowed"
}
case $(where "$(nproc)" "$2") in
"" | *[!0-9]*) fail "with a machine for each CPU, one may run on any" ;;
esac
[ "$(nproc)" = 1 ] || [ "$(where 1 "$2")" = "$(sed -n 's/^Cpus_allowed_list:.//p' /proc/self/status)" ] ||
	fail "a single machine has no choice of CPUs"
no_emulators
