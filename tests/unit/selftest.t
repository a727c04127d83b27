#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# What the command selftest prints and refuses; test_selftest.c has what its rates are.
set -eu

[ -n "${B-}" ] || B=build
wringer=$PWD/$B/wringer
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
export WRINGER_CACHE="$dir/cache" WRINGER_RESULTS="$dir/results"

fail()
{
	echo "$*" >&2
	exit 1
}

# selftest CODE OPTION...
selftest()
{
	want=$1
	shift
	code=0
	"$wringer" selftest "$@" >"$dir/out" 2>"$dir/err" || code=$?
	[ "$code" = "$want" ] || fail "selftest $*: exit code $code, not $want: $(cat "$dir/err")"
}

said()
{
	grep -Eq -- "$1" "$dir/out" "$dir/err" || fail "not said: $1: $(cat "$dir/out" "$dir/err")"
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
