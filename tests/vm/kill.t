#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Killed at any point, by anyone: no emulator is left, nothing is corrupt, and the same command
# completes.  So does it after a full disk.
# shellcheck source=tests/vm/lib.sh
. tests/vm/lib.sh
own_templates

run()
{
	"$WRINGER" run -k 6.12 -g one -p lru,mglru -s "$HERE/scenarios/short.conf" -n 1 "$@"
}

# In the background, its process in $pid, so that it and no shell around it gets the signal.
start()
{
	"$WRINGER" run -k 6.12 -g one -p lru,mglru -s "$HERE/scenarios/short.conf" -n 1 "$@" \
		>"$DIR/log" 2>&1 &
	pid=$!
	BACKGROUND="$BACKGROUND $pid"
}

wait_for_emulator()
{
	tries=0
	while [ -z "$(emulators)" ]; do
		tries=$((tries + 1))
		[ $tries -lt 300 ] || fail "no emulator came up"
		sleep 0.1
	done
}

# wringer itself, with SIGKILL, at several moments: while the template is made, and of a run.
for after in 0.2 3 8; do
	rm -rf "$WRINGER_RESULTS"
	start
	wait_for_emulator
	sleep $after
	kill -9 $pid
	wait $pid 2>/dev/null || :
	no_emulators
done

# QEMU: the host's fault, no result, evidence kept apart.  The template is there.
expect 0 run
rm -rf "$WRINGER_RESULTS"
start
wait_for_emulator
sleep 0.5
victim=$(emulators | head -n 1)
kill -9 "${victim#/proc/}"
code=0
wait $pid || code=$?
[ $code = 128 ] || fail "exit code $code after QEMU was killed"
grep -q "harness-error: .*QEMU was killed by signal 9" "$DIR/log" || fail "log: $(cat "$DIR/log")"
[ "$(results | wc -l)" = 1 ] || fail "the killed experiment left a result"
[ -n "$(ls "$WRINGER_RESULTS/.failed")" ] || fail "no evidence was kept"

# An interrupt ends it in good order.
start --fresh
wait_for_emulator
kill -TERM $pid
code=0
wait $pid || code=$?
[ $code = 128 ] || fail "exit code $code after SIGTERM"
no_emulators

# The same command finishes the job and cleans up.
expect 0 run
said "2 experiments in .*: 2 done"
nothing_half_written

# A disk too small for the kernel's copy, then one too small for the records.
if [ "$(id -u)" = 0 ] && mkdir "$DIR/full" && mount -t tmpfs -o size=8M none "$DIR/full" 2>/dev/null; then
	for size in 8M 24M; do
		mount -o "remount,size=$size" "$DIR/full"
		expect 128 run -o "$DIR/full"
		said "^wringer: cannot (write|reserve) .*No space left on device$"
		[ -z "$(ls -A "$DIR/full")" ] || fail "left on the full disk: $(ls -A "$DIR/full")"
	done
else
	echo "full disk: skipped, this needs root and mount"
fi
