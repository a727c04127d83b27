#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# The scenario language: what a file says is what is done, when it says so; and what it expects is
# found to be so or not.
# shellcheck source=tests/vm/lib.sh
. tests/vm/lib.sh

run()
{
	code=$1
	shift
	expect "$code" "$WRINGER" run -k 6.12 -g tiny -p mglru -n 1 -s "$@"
}

# value FILTER: of the newest result
value()
{
	# shellcheck disable=SC2012 # names are hexadecimal
	jq -r "$1" "$(ls -td "$WRINGER_RESULTS"/[0-9a-f]* | head -n 1)/result.json"
}

is()
{
	got=$(value "$1")
	[ "$got" = "$2" ] || fail "$1 is '$got', not '$2'"
}

# Steps, starts and ends, points of time, until.
run 0 "$HERE/scenarios/language.conf"
is '[.expectations[] | select(.holds)] | length' 6
is '[.steps[] | select(.name == "again")] | length' 3
is '.steps[] | select(.name == "shrink") | .outcome' 'less was reclaimed than asked for'
is '[.steps[] | .name] | sort | unique | join(" ")' \
	'+start-last +start-late +stop-late again begin other over shrink'
# Each at its time: start and stop of late are 300 ms apart.
is '[.steps[] | select(.name | endswith("-late")) | .time_ns] | (.[1] - .[0]) / 1e8 | round' 3
# over follows shrink, 10 ms later, and not when it would have been due by itself.
is '[.steps[] | select(.name == "shrink" or .name == "over") | .time_ns] |
	(.[1] - .[0]) >= 1e7' true
# What a step reclaims was asked for: it is nobody's limit.
is '[.trace.histograms[] | select(.name == "reclaim.got.proactive")] | length > 0' true
# first ended by itself, and only then last began.
is '.times.close_ns < .times.gate_ns + 8e9' true
expect 0 "$WRINGER" replay "$(basename "$(results | head -n 1)")"

# A value from the command line is another scenario: here the trigger is never reached.
run 0 "$HERE/scenarios/language.conf:trigger=1G"
is '[.steps[] | select(.name == "begin")] | length' 0
expect 0 "$WRINGER" show -s "$HERE/scenarios/language.conf:trigger=1G"
grep -q 'language:trigger=1G' "$DIR/out" || fail 'the set value is not in the name'

# What does not hold.
cat >"$DIR/wrong.conf" <<END
[include $HERE/scenarios/language-base.conf]
[scenario]
title = expects what cannot be
[expect]
workload.base.ops = < 5
END
run 1 "$DIR/wrong.conf"
is '.status' expectation-failed
said 'expected workload.base.ops = < 5; it is [0-9]+'

# A counter that no kernel has: it cannot be said.
sed 's/^workload.base.ops.*/vmstat.nonsense@close = 0/' "$DIR/wrong.conf" >"$DIR/absent.conf"
run 1 "$DIR/absent.conf"
is '.status' setup-failed
said 'no counter vmstat.nonsense'

# The window ends with the operations, and the warm-up lasts until there is a steady rate.
cat >"$DIR/ops.conf" <<END
[include $HERE/scenarios/language-base.conf]
[scenario]
title = a window of operations after a warm-up that waits for a steady rate
steady = 0.05
steady_period = 50ms
warmup_ops = base 1000
window = 20s
window_ops = base 200000
[expect]
workload.base.ops = >= 200000 < 230000
END
run 0 "$DIR/ops.conf"
is '.state["warmup.steady"]' yes
is '.state["warmup.ops"]' yes
is '(.times.open_ns - .times.gate_ns) >= 3e8' true
is '(.times.close_ns - .times.open_ns) < 1e10' true

# An action that the kernel refuses ends the experiment, and says which.
cat >"$DIR/refused.conf" <<END
[include $HERE/scenarios/language-base.conf]
[step bad]
at = 10ms
app/memory.max = nonsense
END
run 1 "$DIR/refused.conf"
is '.status' setup-failed
said "step bad: cannot write 'nonsense' to .*memory.max"

# Mistakes are named with file and line, in the file that has them.
mistake()
{
	printf '%s\n' "[include $HERE/scenarios/language-base.conf]" "$2" >"$DIR/mistake.conf"
	expect 1 "$WRINGER" scenario check "$DIR/mistake.conf"
	said "\.conf:[0-9]+: .*$1"
}
mistake 'no other \[step x\]' '[step y]
follows = x
drop_caches = 1'
mistake 'no action' '[step y]
at = 1s
nonsense = 1'
mistake 'needs one of at, follows and when' '[step y]
drop_caches = 1'
mistake 'no such counter' '[step y]
when = cgroup.nowhere.current > 5
drop_caches = 1'
mistake 'COUNTER OP VALUE' '[step y]
when = vmstat.pswpout
drop_caches = 1'
mistake 'no \[workload x\]' '[step y]
at = 1s
kill = x'
mistake 'no policy' '[step y]
at = 1s
policy = nonsense'
# shellcheck disable=SC2016 # the scenario expands it, not the shell
mistake 'no parameter \$\{nothing\}' '[cgroup ${nothing}]'
mistake 'operator' '[expect]
vmstat.pgscan_kswapd@open vmstat.pswpin@open = 0'
mistake 'can hold no workload' '[cgroup app/base/below]'
mistake 'there is no .*nothere.conf to include' '[include nothere]'
printf '[include kv-scan]\n[scenario]\nwindow = 7ms\n' >"$DIR/mine.conf"
expect 0 "$WRINGER" scenario show "$DIR/mine.conf"
grep -q 'theta = 0.99' "$DIR/out" || fail "nothing of the catalogue's: $(cat "$DIR/out")"
grep -q 'window = 7ms' "$DIR/out" || fail "not the file's own: $(cat "$DIR/out")"
mistake 'includes? itself|too many files' '[include mistake]'
expect 1 "$WRINGER" scenario check "$DIR/nothere.conf"
expect 128 "$WRINGER" scenario show kv-scan:nonsense=1
expect 0 "$WRINGER" scenario check

# What show prints is a scenario again, and the same one.
expect 0 "$WRINGER" scenario show "$HERE/scenarios/language.conf"
cp "$DIR/out" "$DIR/shown.conf"
expect 0 "$WRINGER" scenario show "$DIR/shown.conf"
cmp "$DIR/out" "$DIR/shown.conf" || fail "show of what show printed differs"
