#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# What the command selftest prints and refuses; test_selftest.c has what its rates are.
# shellcheck source=tests/unit/lib.sh
. tests/unit/lib.sh

# selftest CODE OPTION...
selftest()
{
	want=$1
	shift
	expect "$want" "$wringer" selftest "$@"
}

# Simulated: the same seed, the same numbers.
selftest 0 stats --trials 40
mv "$dir/out" "$dir/once"
selftest 0 stats --trials 40
cmp "$dir/once" "$dir/out" || fail "the same seed has other numbers"
selftest 0 stats --trials 40 --seed 2
! cmp -s "$dir/once" "$dir/out" || fail "another seed has the same numbers"
selftest 0 stats --trials 40 --json
jq -e 'type == "object"' "$dir/out" >"$dir/jq" || fail "no JSON: $(cat "$dir/out")"

selftest 129
selftest 129 speed
selftest 129 stats --trials 0
selftest 129 stats --markdown --json
selftest 129 stats --cv 3 -p lru
said "--cv is of simulated values"
for option in half change power at; do
	selftest 129 stats --$option 5
	said "are of stored results"
done
mkdir "$dir/results"
selftest 128 stats -p lru
