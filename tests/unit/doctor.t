#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# What doctor says of a host that lacks something, or of folders in disorder.  It boots nothing here, since
# there is no kernel in the cache.
# shellcheck source=tests/unit/lib.sh
. tests/unit/lib.sh

# state CHECK STATE PATTERN: what the last doctor said of it, and of what there is to do.
state()
{
	jq -e --arg c "$1" --arg s "$2" --arg t "$3" \
		'.checks[] | select(.check == $c) | .state == $s and (.todo | test($t))' \
		"$dir/out" >/dev/null || fail "$1 is not $2 with '$3': $(jq -c ".checks[] | select(.check == \"$1\")" "$dir/out")"
}

doctor()
{
	want=$1
	shift
	code=0
	"$@" "$wringer" doctor --json >"$dir/out" || code=$?
	[ "$code" = "$want" ] || fail "exit code $code, not $want: $(cat "$dir/out")"
	jq -e '.ready == ([.checks[].state] | index("missing") == null)' "$dir/out" >/dev/null ||
		fail "ready is not what the states say"
	jq -e 'all(.checks[]; (.state == "ok") == (.todo == "") and
			(.state | IN("ok", "warning", "optional", "missing")))' "$dir/out" >/dev/null ||
		fail "a check without a state or something to do: $(jq -c .checks "$dir/out")"
}

# That kernels can be had is not asked here.
mkdir -p "$WRINGER_CACHE/apt"
touch "$WRINGER_CACHE/apt/kernels"

# A host with nothing but the emulator in its PATH: what is optional does not make it unfit.
mkdir -p "$dir/bin" "$dir/none"
for program in qemu-system-x86_64 sh; do
	ln -s "$(command -v $program)" "$dir/bin/"
done
doctor 0 env PATH="$dir/bin" HOME="$dir"
state gdb optional 'apt-get install gdb'
state build optional 'apt-get install .*bison.*dwarves'
state slurm optional 'apt-get install slurm-client'
state completion optional wringer.bash
state index optional 'wringer index'
state mke2fs ok '^$'
state key ok '^$'
jq -e --arg sha "$(sha256sum "$(realpath "$dir/bin/qemu-system-x86_64")" | cut -c 1-16)" \
	'.checks[] | select(.check == "key") | .found | startswith($sha)' "$dir/out" >/dev/null ||
	fail "the key is not the emulator's hash"

doctor 1 env PATH="$dir/none" HOME="$dir"
state qemu missing 'qemu-system-x86'

# Installed for this user.
mkdir -p "$dir/.local/share/bash-completion/completions"
touch "$dir/.local/share/bash-completion/completions/wringer"
doctor 0 env HOME="$dir"
state completion ok '^$'
state left-overs ok '^$'
state orphans ok '^$'

# The index: up to date, behind, damaged.
mkdir -p "$WRINGER_RESULTS"
"$wringer" index >/dev/null
doctor 0 env
state index ok '^$'
sh -c 'exit 0' &
gone=$!
wait "$gone"
left=$WRINGER_RESULTS/.run-0123456789ab-$gone-0
mkdir "$left"
doctor 0 env
state index warning '^wringer index$'
state left-overs warning 'wringer gc --yes'
"$wringer" gc --yes >/dev/null 2>&1
[ ! -e "$left" ] || fail "what doctor says to do does not do it"
"$wringer" index >/dev/null
printf 'no database, but as long as one would be, or so it seems to whoever opens it' \
	>"$WRINGER_RESULTS/.index/results.db"
doctor 0 env
state index warning '^wringer index --fresh$'

# A machine that runs on, as far as its name and its folder tell.
mkdir "$left"
cp "$(command -v sleep)" "$dir/qemu-system-x86"
(cd "$left" && exec "$dir/qemu-system-x86" 60) &
orphan=$!
tries=0
until [ "$(cat "/proc/$orphan/comm")" = qemu-system-x86 ]; do
	tries=$((tries + 1))
	[ "$tries" -lt 100 ] || fail "the stand-in did not start"
	sleep 0.1
done
doctor 0 env
state orphans warning "^kill( [0-9]+)* $orphan\\b"
kill "$orphan"
