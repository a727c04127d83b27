#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# What the command gc prints and when it removes; test_gc.c has what goes and what stays.
# shellcheck source=tests/unit/lib.sh
. tests/unit/lib.sh

# gc CODE OPTION...
gc()
{
	want=$1
	shift
	expect "$want" "$wringer" gc "$@"
}

# No cache, no results: nothing to do, and nothing is made.
gc 0
said '^all +0 +0\.0 +0 +0\.0$'
[ ! -e "$WRINGER_CACHE" ] || fail "looking made a folder"

key=0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef
image=$WRINGER_CACHE/images/$key.cpio
mkdir -p "$WRINGER_CACHE/images"
head -c 1048576 /dev/urandom >"$image"
gc 0
said '^images +0 +0\.0 +1 +1\.0$'
touch -d '31 days ago' "$image"
gc 0
said '^images +1 +1\.0 +0 +0\.0$'
said 'nothing was removed; --yes does it'
said '0 stored results .* -o'
[ -e "$image" ] || fail "it was removed without --yes"
gc 0 --keep 32d --yes
[ -e "$image" ] || fail "it was removed before its time"

# A result needs it; other folders of results may be named.
mkdir -p "$dir/other/$key"
printf '{"image": {"id": "%s"}}' "$key" >"$dir/other/$key/spec.json"
gc 0 -o "$WRINGER_RESULTS" -o "$dir/other" --size 0 --yes
said '^images +0 +0\.0 +1 +1\.0  1 needed$'
said 'it holds 1\.0 MiB, more than the 0\.0 of --size'
gc 0 --json
[ "$(jq -r '.items[] | [.kind, .name, .why, .goes] | join(" ")' "$dir/out")" = "images $key old true" ] ||
	fail "items: $(cat "$dir/out")"
[ "$(jq -c '[.done, .bytes_kept, .links]' "$dir/out")" = '[false,0,[]]' ] || fail "$(cat "$dir/out")"
gc 0 --yes
said 'removed +kept'
[ ! -e "$image" ] || fail "--yes did not remove it"
[ -z "$(ls "$WRINGER_CACHE/.gc")" ] || fail "it is not removed but put aside"

"$wringer" cache --json | jq -e '.kinds == [] and .templates == []' >/dev/null || fail "cache --json"

gc 129 --size 5Q
said "'5Q' is no size"
gc 129 --keep yesterday
gc 129 more
printf 'no folder' >"$dir/file"
WRINGER_CACHE=$dir/file gc 128
