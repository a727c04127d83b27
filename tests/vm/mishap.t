#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# What a kernel can do to itself, provoked with a module of ours: each kind of failure gets its own
# status, the function at fault, and evidence.
# shellcheck source=tests/vm/lib.sh
. tests/vm/lib.sh

# A kernel of Debian 12's, whose headers' programs run on that and on what is newer.
package=$("$WRINGER" kernel list |
	awk '$2 ~ /^6\.12\..*~deb12u1$/ && $5 == "yes" { v = $2 } END { print v }')
[ -n "$package" ] || fail "no 6.12 kernel of Debian 12 can be had"
release=$("$WRINGER" kernel fetch "$package" | awk '{ print $2 }')
tests/modules/build "$package" "$release" "$B/mishap"

# scenario WORD WINDOW: an idle guest's time passes at once, so windows may be long.
scenario()
{
	cat >"$DIR/$1.conf" <<-EOS
		[scenario]
		title = goes wrong: $1
		warmup = 200ms
		window = $2
		sample = 0
		hang = 30s

		[module mishap]
		path = $PWD/$B/mishap/mishap.ko

		[workload w]
		type = fault
		kind = poke
		path = /sys/module/mishap/parameters/now
		text = $1
	EOS
	set_of="$set_of -s $DIR/$1.conf"
}

set_of=
for word in oops bug warn badpage triplefault panic; do
	scenario $word 1s
done
for word in softlockup hardlockup rcustall hungtask; do
	scenario $word 15s
done
# shellcheck disable=SC2086 # a list of words
expect 1 "$WRINGER" run -k "$package" -g "$HERE/guests/small.conf" -p lru -n 1 -t 2m $set_of

# check WORD STATUS FUNCTION TITLE
check()
{
	id=$("$WRINGER" show -s "$1" | awk 'NR == 2 { print $1 }')
	"$WRINGER" show "$id" >"$DIR/shown"
	grep "^status " "$DIR/shown"
	grep "^status " "$DIR/shown" | grep -q "^status $2: " || fail "$1: not $2: $(grep "^status " "$DIR/shown")"
	[ "$3" = - ] || grep -q "^  function  *$3\$" "$DIR/shown" || fail "$1: the function is not $3"
	[ "$4" = - ] || grep -q "^  title  *$4" "$DIR/shown" || fail "$1: the title is not '$4'"
	grep -q '^RIP=' "$WRINGER_RESULTS/$id"*/evidence.txt || fail "$1: no registers"
}

check oops oops mishap_oops "BUG: kernel NULL pointer dereference"
check bug bug mishap_bug "kernel BUG at "
check badpage bug - "BUG: Bad page state"
check warn warning mishap_warn "WARNING: CPU: 0 PID: "
# That run went on to its end.
grep -q '"window_complete": true' "$WRINGER_RESULTS/$id"*/result.json || fail "the warning ended the run"
check triplefault triple-fault - -
grep -q 'Triple fault' "$WRINGER_RESULTS/$id"*/evidence.txt || fail "no triple fault in evidence.txt"
check panic panic mishap_panic "Kernel panic - not syncing: mishap"
check softlockup lockup mishap_softlockup "BUG: soft lockup"
check hardlockup hung mishap_hardlockup "Kernel panic - not syncing: NMI: Not continuing"
check rcustall rcu-stall mishap_rcustall "INFO: rcu_preempt "
check hungtask hung-task - "INFO: task fault:.* blocked for more than 8 seconds"
grep -q 'state:D' "$WRINGER_RESULTS/$id"*/console.txt || fail "no stack of the blocked task"

# The same bytes again, with the memory kept this time.
id=$("$WRINGER" show -s oops | awk 'NR == 2 { print $1 }')
expect 0 "$WRINGER" replay --vmcore "$id"
core=$(echo "$WRINGER_RESULTS/$id"*/vmcore)
readelf -n "$core" 2>/dev/null | grep -q QEMU || fail "the vmcore has no note of the emulator's"
grep -aqF "Linux version $release" "$core" || fail "the kernel is not in the vmcore"
nothing_half_written
