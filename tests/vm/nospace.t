#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# A full disk at any write: the Nth call that needs room fails, in wringer or in its emulator.  Then it
# says so in one sentence or is not harmed at all; nothing is half-written, no emulator is left, and the
# same command completes with the same bytes.
#
# CALLS="1 2 3" chooses the calls, CALLS=all takes every one of them (half an hour); a few otherwise.
# shellcheck source=tests/vm/lib.sh
. tests/vm/lib.sh
own_templates

${CC:-gcc} -D_GNU_SOURCE -std=gnu11 -Wall -Wextra -Werror -O1 -fPIC -shared -o "$DIR/nospace.so" \
	tests/vm/nospace.c
chmod 755 "$DIR" "$DIR/nospace.so"
: >"$DIR/count"
chmod 666 "$DIR/count"

run()
{
	"$WRINGER" run -k 6.12 -g tiny -p lru -s "$HERE/scenarios/blink.conf" -n 1
}

# with_fault N: the Nth call fails; N = 0: calls are only counted.
with_fault()
{
	: >"$DIR/count"
	code=0
	NOSPACE_AT=$1 NOSPACE_COUNT=$DIR/count NOSPACE_DIRS=$WRINGER_RESULTS:$WRINGER_CACHE/templates \
		LD_PRELOAD=$DIR/nospace.so "$WRINGER" run -k 6.12 -g tiny -p lru \
		-s "$HERE/scenarios/blink.conf" -n 1 >"$DIR/out" 2>"$DIR/err" || code=$?
}

# Everything that the experiment is, but for the host's facts.
sums()
{
	(cd "$(results)" && sha256sum spec.json result.json records.zst console.txt)
}

with_fault 0
[ $code = 0 ] || fail "it does not run: $(cat "$DIR/err")"
sums >"$DIR/sums"
total=$(stat -c %s "$DIR/count")
[ "$total" -ge 20 ] || fail "only $total calls were seen"
case ${CALLS-} in
'') calls=$(seq 2 $((total / 6)) "$total") ;;
all) calls=$(seq "$total") ;;
*) calls=$CALLS ;;
esac

# try N: it fails in whatever comes there.
try()
{
	rm -rf "$WRINGER_RESULTS"
	with_fault "$1"
	case $code in
	0 | 1) ;;
	128)
		failed=$((failed + 1))
		grep -q "^wringer: \|harness-error" "$DIR/err" || fail "call $1: no sentence: $(cat "$DIR/err")"
		;;
	*) fail "call $1: exit code $code: $(cat "$DIR/err")" ;;
	esac
	[ "$(stat -c %s "$DIR/count")" -lt "$1" ] || reached=$((reached + 1))
	no_emulators
	nothing_half_written
	run >/dev/null 2>"$DIR/err" || fail "call $1: the same command does not complete: $(cat "$DIR/err")"
	sums | cmp -s - "$DIR/sums" || fail "call $1: another result"
}

failed=0
reached=0
for n in $calls; do
	# With its template to be made, and with one that is there.
	"$WRINGER" cache clear 2>/dev/null
	try "$n"
	try "$n"
done
echo "of $total calls $reached failed in turn, which ended the command $failed times"
[ $reached -gt 0 ] || fail "nothing ever failed: does the library work?"
