#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# SIGKILL at random moments, of wringer or of an emulator, while a template is made, an experiment runs or
# its result is written: no emulator is left, nothing is corrupt, and the same command completes.
#
# KILLS=300 for the long form.
# shellcheck source=tests/vm/lib.sh
. tests/vm/lib.sh
own_templates

kills=${KILLS-10}
# The moments are other ones each time, and can be had again.
seed=${SEED-$(date +%s)}
echo "SEED=$seed"

# random N: into $r a number below N.  Not by printing it: a subshell's seed is gone with it.
random()
{
	seed=$(((seed * 1103515245 + 12345) % 2147483648))
	r=$((seed / 65536 % $1))
}

run()
{
	"$WRINGER" run -k 6.12 -g tiny -p lru,mglru -s "$HERE/scenarios/blink.conf" -n 1
}

sums()
{
	for r in $(results); do
		(cd "$r" && sha256sum spec.json result.json records.zst console.txt)
	done
}

# An emulator of this test, or wringer itself, into $who.
choose_victim()
{
	who=$pid
	random 3
	[ $r = 0 ] || who=$(emulators | head -n 1 | tr -dc 0-9)
	: "${who:=$pid}"
}

expect 0 run
sums >"$DIR/sums"
of_wringer=0
of_qemu=0
i=0
while [ $i -lt "$kills" ]; do
	i=$((i + 1))
	# A template takes several seconds to make, a fork of it less than one.
	span=900
	random 2
	if [ $r = 0 ]; then
		"$WRINGER" cache clear 2>/dev/null
		span=6000
	fi
	rm -rf "$WRINGER_RESULTS"
	"$WRINGER" run -k 6.12 -g tiny -p lru,mglru -s "$HERE/scenarios/blink.conf" -n 1 \
		>"$DIR/log" 2>&1 &
	pid=$!
	random $span
	sleep "$(printf '%d.%03d' $((r / 1000)) $((r % 1000)))"
	choose_victim
	if kill -9 "$who" 2>/dev/null; then
		[ "$who" = $pid ] && of_wringer=$((of_wringer + 1)) || of_qemu=$((of_qemu + 1))
	fi
	wait $pid 2>/dev/null || :
	no_emulators
	# wringer cannot clean up after its own death; the next one does.
	run >"$DIR/log" 2>&1 || fail "kill $i: the same command does not complete: $(cat "$DIR/log")"
	nothing_half_written
	sums | cmp -s - "$DIR/sums" || fail "kill $i (SEED=$seed): another result"
	[ $((i % 10)) != 0 ] || echo "$i: $of_qemu emulators, $of_wringer of wringer"
done
[ $((of_wringer + of_qemu)) -gt 0 ] || fail "every kill came too late"
rm -rf "$WRINGER_RESULTS"
run >/dev/null 2>&1
grep -q '"start": "fork"' "$WRINGER_RESULTS"/*/host.json || fail "nothing was forked in the end"
left=$(find "$WRINGER_CACHE/templates" -name '*.new')
[ -z "$left" ] || fail "left in the cache: $left"
echo "$of_wringer kills of wringer, $of_qemu of an emulator, $((kills - of_wringer - of_qemu)) too late"
