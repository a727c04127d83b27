# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
#
# Common to the unit tests in shell, which run in the top folder.  $B is the build folder.  Each has a folder of its own for the
# cache and for results, removed at the end.
set -eu

: "${B:=build}"
# shellcheck disable=SC2034 # the tests use it
wringer=$PWD/$B/wringer
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
trap 'exit 1' HUP INT TERM
export WRINGER_CACHE="$dir/cache" WRINGER_RESULTS="$dir/results"

fail()
{
	echo "FAIL: $*"
	exit 1
}

# need PROGRAM: without it the test is skipped.
need()
{
	command -v "$1" >/dev/null || {
		echo "there is no $1; 'scripts/deps check' installs it"
		exit 77
	}
}

# expect CODE COMMAND...: what it prints is in $dir/out and $dir/err.
expect()
{
	want=$1
	shift
	code=0
	"$@" >"$dir/out" 2>"$dir/err" || code=$?
	[ "$code" = "$want" ] || fail "$*: exit code $code, not $want: $(cat "$dir/err")"
}

# said PATTERN: the last command printed it.
said()
{
	grep -Eq -e "$1" "$dir/out" "$dir/err" || fail "not said: $1: $(cat "$dir/out" "$dir/err")"
}
