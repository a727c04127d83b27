# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
#
# Common to the VM tests.  $B is the build folder.  Each test gets a folder of its own for results,
# removed at the end, and fails on the first thing that is not as it should be.
set -eu

: "${B:=build}"
WRINGER=$PWD/$B/wringer
HERE=$PWD/tests/vm
DIR=$(mktemp -d)
export WRINGER_RESULTS="$DIR/results"

# Every result that a test leaves must be whole, as the schema says, and free of contradictions.
check_results()
{
	[ -d "$WRINGER_RESULTS" ] || return 0
	"$WRINGER" check >"$DIR/check" && return
	echo "FAIL: results are not as they should be:"
	cat "$DIR/check"
	return 1
}

clean()
{
	status=$?
	if [ $status = 0 ]; then
		check_results || status=1
	fi
	for pid in $BACKGROUND; do
		kill -9 "$pid" 2>/dev/null || :
	done
	if mountpoint -q "$DIR/full" 2>/dev/null; then
		umount "$DIR/full"
	fi
	rm -rf "$DIR"
	exit $status
}
BACKGROUND=
trap clean EXIT
trap 'exit 1' INT TERM

fail()
{
	echo "FAIL: $*"
	exit 1
}

# expect CODE COMMAND...: runs it, output in $DIR/out and $DIR/err, fails when it exits otherwise.
expect()
{
	want=$1
	shift
	code=0
	"$@" >"$DIR/out" 2>"$DIR/err" || code=$?
	if [ "$code" != "$want" ]; then
		cat "$DIR/out" "$DIR/err"
		fail "exit code $code, not $want: $*"
	fi
}

# said PATTERN: the last command's stderr is one sentence that matches.
said()
{
	grep -Eq -e "$1" "$DIR/err" || {
		cat "$DIR/err"
		fail "stderr does not say: $1"
	}
}

# Templates of this test's own; kernels, images and indexes are everyone's.
own_templates()
{
	cache=${WRINGER_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/wringer}
	mkdir -p "$DIR/cache" "$cache/kernels" "$cache/images" "$cache/apt"
	for part in kernels images apt; do
		ln -s "$cache/$part" "$DIR/cache/$part"
	done
	export WRINGER_CACHE="$DIR/cache"
}

# Processes whose working folder is below ours: emulators that belong to this test.
emulators()
{
	for cwd in /proc/[0-9]*/cwd; do
		case $(readlink "$cwd" 2>/dev/null) in
		"$DIR"/results/* | "$DIR"/cache/templates/*) echo "${cwd%/cwd}" ;;
		esac
	done
}

no_emulators()
{
	tries=0
	while [ -n "$(emulators)" ]; do
		tries=$((tries + 1))
		[ $tries -lt 50 ] || fail "an emulator is left: $(emulators)"
		sleep 0.1
	done
}

# Folders of finished results, one a line.
results()
{
	find "$WRINGER_RESULTS" -maxdepth 1 -name '????????????????????????????????????????????????????????????????' 2>/dev/null | sort
}

# Nothing but finished results may be left behind.
nothing_half_written()
{
	left=$(find "$WRINGER_RESULTS" -maxdepth 1 -name '.run-*' 2>/dev/null || :)
	[ -z "$left" ] || fail "left behind: $left"
	for r in $(results); do
		for f in spec.json result.json records.zst console.txt host.json; do
			[ -f "$r/$f" ] || fail "$r has no $f"
		done
	done
}
