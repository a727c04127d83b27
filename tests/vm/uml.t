#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# User-Mode Linux: the same bytes each time, whatever else runs here; and two kernels are told apart by
# what they decide, not by how much code that takes.  It builds a kernel of the distribution's source, with
# the unit tests in it, or takes kernels that somebody has built: WRINGER_UML; WRINGER_UML_LOOP, _MOVE and
# _RATIO with the patches of tests/vm/patches; WRINGER_UML_KUNIT with kunit.config and its patch.
# shellcheck source=tests/vm/lib.sh
. tests/vm/lib.sh

# built [PATCH [SERIES]]: the name of a kernel with the unit tests, with one of tests/vm/patches, and with a
# series of kernel-config/patches
built()
{
	mkdir "$DIR/series$1"
	cp "$B"/data/kernel-config/patches/7.3/kunit/*.patch "$DIR/series$1"
	[ -z "$1" ] || cp "tests/vm/patches/$1.patch" "$DIR/series$1"
	[ -z "${2:-}" ] || cp "$B/data/kernel-config/patches/$2"/*.patch "$DIR/series$1"
	expect 0 "$WRINGER" kernel build debian:7.3 --config uml,kunit --patches "$DIR/series$1"
	cat "$DIR/out"
}

if [ -z "${WRINGER_UML:-}" ]; then
	WRINGER_UML=$(built "")
	# The series reclaim_ext, which decides nothing as long as it is not configured.
	WRINGER_UML_LOOP=$(built loop 7.3/reclaim_ext)
	WRINGER_UML_RATIO=$(built ratio)
	WRINGER_UML_KUNIT=$WRINGER_UML
	# The kernel's own word on the form of that series, for each version it is for.
	checkpatch=$(find "${WRINGER_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/wringer}/trees" -name checkpatch.pl | head -n 1)
	for patch in kernel-config/patches/*/reclaim_ext/*.patch; do
		perl "$checkpatch" --no-tree --strict --quiet - <"$patch" >"$DIR/out" 2>&1 ||
			fail "$patch: $(cat "$DIR/out")"
	done
fi
# A second of virtual time of programs that never sleep takes a minute here.
short=$HERE/scenarios/short.conf:warmup=20ms:window=60ms:sample=20ms

# What it cannot be is said before anything runs.
expect 128 "$WRINGER" run -e uml -k "$WRINGER_UML" -g two -p lru -s "$short" -n 1
said "User-Mode Linux has one node of memory and one CPU; this guest has several nodes"
expect 128 "$WRINGER" run -k "$WRINGER_UML" -g one -p lru -s "$short" -n 1
said "is built for User-Mode Linux; run it with -e uml"

expect 0 "$WRINGER" run -e uml -k "$WRINGER_UML" -g uml -p lru,mglru-nowalk -s "$short" -n 1
[ "$(results | wc -l)" = 2 ] || fail "not two results"
for r in $(results); do
	grep -q '"numa"' "$r/spec.json" || fail "the spec does not say what is lacking"
done

# With two others busy on every CPU.
for busy in "while :; do :; done" "while true; do true; done"; do
	sh -c "$busy" &
	BACKGROUND="$BACKGROUND $!"
done
for r in $(results); do
	expect 0 "$WRINGER" replay --times 3 "$(basename "$r")"
done

# No emulator outlives the harness, however that ends.
"$WRINGER" run -e uml -k "$WRINGER_UML" -g uml -p lru -s "$short" -n 2 >"$DIR/out" 2>&1 &
pid=$!
tries=0
while [ -z "$(emulators)" ]; do
	tries=$((tries + 1))
	[ $tries -lt 300 ] || fail "it never started: $(cat "$DIR/out")"
	sleep 0.1
done
kill -9 $pid
no_emulators

# The harness may be held up for longer than all of the run takes: the records are there all the same.
"$WRINGER" run -e uml -k "$WRINGER_UML" -g uml -p lru -s kv-scan:warmup=20ms:window=60ms -n 1 >"$DIR/out" 2>&1 &
pid=$!
child=
while [ -z "$child" ]; do
	read -r child <"/proc/$pid/task/$pid/children" ||
		kill -0 $pid 2>/dev/null || fail "it never started: $(cat "$DIR/out")"
done
kill -STOP $pid
sleep 5
kill -CONT $pid
wait $pid || fail "held up: $(cat "$DIR/out")"

expect 125 "$WRINGER" equiv 6.12 "$WRINGER_UML"
said "is not built for User-Mode Linux"
set -- -s "$HERE/scenarios/short.conf" -n 1
expect 0 "$WRINGER" equiv "$WRINGER_UML" "$WRINGER_UML" "$@"
for same in "${WRINGER_UML_LOOP:-}" "${WRINGER_UML_MOVE:-}"; do
	[ -n "$same" ] || continue
	expect 0 "$WRINGER" equiv "$WRINGER_UML" "$same" "$@"
	grep -q "^identical: 2 identical, 0 differ, 0 untested$" "$DIR/out" || fail "$(cat "$DIR/out")"
done
if [ -n "${WRINGER_UML_RATIO:-}" ]; then
	expect 1 "$WRINGER" equiv "$WRINGER_UML" "$WRINGER_UML_RATIO" "$@"
	grep -q "differs at decision [0-9]" "$DIR/out" || fail "no first decision: $(cat "$DIR/out")"
	grep -A2 "differs at decision" "$DIR/out" | grep -q "  b .*vmscan:mm_vmscan_" ||
		fail "not a decision of reclaim: $(cat "$DIR/out")"
fi
if [ "$WRINGER_UML" != "${WRINGER_UML_KUNIT:-}" ]; then
	expect 125 "$WRINGER" kunit "$WRINGER_UML"
	said "it has no KUnit tests"
fi
if [ -n "${WRINGER_UML_KUNIT:-}" ]; then
	expect 0 "$WRINGER" kunit "$WRINGER_UML_KUNIT"
	grep -Eq "^[4-9][0-9] passed, 0 failed, [0-9]+ skipped, 0 missing$" "$DIR/out" || fail "$(cat "$DIR/out")"
fi
# A kernel that cannot be booted is no reason to say that the others do not boot.
"$WRINGER" doctor >"$DIR/out" 2>&1 || :
grep -q "^ok  *uml " "$DIR/out" || fail "doctor does not find the kernel: $(cat "$DIR/out")"
! grep -q "User-Mode Linux runs experiments only" "$DIR/out" || fail "doctor boots what does not boot: $(cat "$DIR/out")"
nothing_half_written
