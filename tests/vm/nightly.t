#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# nightly: a first night, one in which another kernel is tonight's, one in which nothing is new; their reports and
# exit codes, and nights that are stopped.
# shellcheck source=tests/vm/lib.sh
. tests/vm/lib.sh

suite=$DIR/made.conf
state=$WRINGER_RESULTS/.suite/made

# night_of KERNEL: the suite with this kernel as tonight's.
night_of()
{
	cat >"$suite" <<END
[suite]
title = for a test
[kernels]
tonight = $1
good = last-good
[cells good]
kernel = tonight, good
guest = two
policy = mglru
scenario = $HERE/scenarios/short.conf
seeds = 1-5
confirm = 5
compare = kernel
base = good
expect = same
END
}

# No time for anything: nothing was tested, nothing is remembered.
night_of 6.12
expect 125 "$WRINGER" nightly "$suite" --time 1s
grep -q 'stopped before its end' "$DIR/out" || fail "$(cat "$DIR/out")"
[ ! -e "$state/last-good" ] || fail "a night without experiments is good"
[ ! -e "$state/last-night" ] || fail "a night without experiments is remembered"

expect 0 "$WRINGER" nightly "$suite"
grep -q '^There is nothing yet to compare with.$' "$DIR/out" || fail "$(cat "$DIR/out")"
old=$(cat "$state/last-good")
case $old in 6.12.*) ;; *) fail "the last good one is $old" ;; esac

# Another kernel: what differs is new, fresh seeds bear it out, and each form of the report has it.
night_of 7.3
expect 1 "$WRINGER" nightly "$suite" --search 1s
cmp "$DIR/out" "$state/nights/latest/report.txt" || fail "what is printed is not the mail"
new=$(jq -r '[.findings[] | select(.kind == "new")] | length' "$state/nights/latest/night.json")
[ "$new" -ge 1 ] || fail "nothing is new"
jq -e '[.findings[] | select(.kind == "new" and .found) | .fresh.verdict == .found.verdict] | all and length >= 1' \
	"$state/nights/latest/night.json" >"$DIR/jq" || fail "not confirmed: $(cat "$state/nights/latest/night.json")"
grep -q "kernel 7\.3.*, $new new" "$DIR/out" || fail "the title: $(head -n 3 "$DIR/out")"
grep -q "wringer bisect --good $old " "$DIR/out" || fail "no command to search by hand"
grep -q "<title>made: kernel 7" "$state/nights/latest/report.html" || fail "no page"
grep -q '^## New' "$state/nights/latest/report.md" || fail "no Markdown"
[ "$(cat "$state/last-good")" = "$old" ] || fail "a night with something new is good"
[ "$(wc -L <"$DIR/out")" -le 200 ] || fail "a line of the mail is very long"

# The same once more is known, as JSON too; nothing is run.
find "$WRINGER_RESULTS" -maxdepth 2 -name result.json -printf '%p %i\n' | sort >"$DIR/before"
expect 0 "$WRINGER" nightly "$suite" --json
jq -e --argjson new "$new" '([.findings[] | .kind == "known"] | all) and (.findings | length == $new) and (.good | not)' \
	"$DIR/out" >"$DIR/jq" || fail "not known: $(cat "$DIR/out")"
find "$WRINGER_RESULTS" -maxdepth 2 -name result.json -printf '%p %i\n' | sort >"$DIR/after"
cmp "$DIR/before" "$DIR/after" || fail "something was run again"

# What one suite finds is whole when it is stopped by hand: nothing is remembered of that night.
night_of 7.2
"$WRINGER" nightly "$suite" -j 1 >"$DIR/out" 2>"$DIR/err" &
BACKGROUND=$!
n=0
while ! grep -q 'experiments, about' "$DIR/err"; do
	n=$((n + 1))
	[ $n -lt 2400 ] || fail "nothing was run: $(cat "$DIR/err")"
	sleep 0.1
done
kill -TERM "$BACKGROUND"
code=0
wait "$BACKGROUND" || code=$?
BACKGROUND=
[ $code = 128 ] || fail "a night that was stopped ended with $code: $(cat "$DIR/err")"
case $(cat "$state/last-night") in 7.3*) ;; *) fail "a night that was stopped is remembered" ;; esac

# Bad input.
expect 129 "$WRINGER" nightly
said "which suite"
expect 128 "$WRINGER" nightly nothing-of-the-kind
expect 129 "$WRINGER" nightly "$suite" --jobs 0
expect 129 "$WRINGER" nightly "$suite" --search soon
