#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# What 'make install' puts where, that it works from there, that 'make uninstall' takes all of it away; that
# 'make dist' gives the same bytes twice; one version everywhere; pages and completion that know every
# command and option.  tests/long/deb makes the Debian package.
set -eu

B=${B-build}
version=$(cat VERSION)
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
dest=$dir/root
# As MAKEFLAGS of a make that runs this would be.
unset MAKEFLAGS MAKELEVEL

fail()
{
	echo "$*" >&2
	exit 1
}

# ---- install ----

# What it installs is built by now: -o says that nothing is older than that.
quiet_make()
{
	make -s B="$B" -o all "$@" >"$dir/log" 2>&1 || fail "make $*: $(cat "$dir/log")"
}

(umask 077 && quiet_make install DESTDIR="$dest" PREFIX=/opt/w)
program=$dest/opt/w/bin/wringer
find "$dest" | sort >"$dir/first"
quiet_make install DESTDIR="$dest" PREFIX=/opt/w
find "$dest" | sort | cmp - "$dir/first" || fail "a second install puts more there"
find "$dest" -type f \( -perm 755 -o -perm 644 \) -o -type f -print | grep . &&
	fail "these have odd modes"

export WRINGER_CACHE="$dir/cache" WRINGER_RESULTS="$dir/results"
cd "$dir"
[ "$("$program" --version)" = "wringer $version" ] || fail "version: $("$program" --version)"
for what in scenarios policies guests workloads; do
	"$program" show $what >"$dir/$what"
	"$OLDPWD/$B/wringer" show $what | cmp - "$dir/$what" || fail "other $what when installed"
done
"$program" show scenario kv-scan >/dev/null
"$program" doctor --json >doctor.json
jq -e --arg data "$dest/opt/w/bin/../lib/wringer" \
	'.checks[] | select(.check == "data") | .state == "ok" and .found == $data' doctor.json >/dev/null ||
	fail "the installed program does not find all of its data"
jq -e '.checks[] | select(.check == "completion") | .state == "ok"' doctor.json \
	>/dev/null || fail "doctor does not find the installed completion"
cd "$OLDPWD"

# Every file of the data, and no other bytes.
(cd "$B/data" && find . -type f | sort) >"$dir/want"
(cd "$dest/opt/w/lib/wringer" && find . -type f | sort) >"$dir/have"
comm -13 "$dir/want" "$dir/have" | grep . && fail "these are installed and not built"
while read -r file; do
	cmp "$B/data/$file" "$dest/opt/w/lib/wringer/$file" || fail "$file is installed otherwise"
done <"$dir/have"
for file in agent workload bpf exact.so probe.so in-toolchain schema/metric.schema.json; do
	grep -qx "./$file" "$dir/have" || fail "$file is not installed"
done

# ---- manual pages ----

mapfile -t commands < <("$program" --list-options)
pages=$dest/opt/w/share/man
plain()
{
	sed 's/\\-/-/g' "$1"
}
plain "$pages/man1/wringer.1" >"$dir/wringer.1"
for command in "${commands[@]}"; do
	page=$(MANPATH=$pages man -w "wringer-$command") || fail "there is no page for wringer $command"
	grep -q "^\.BR wringer-$command (1)" "$dir/wringer.1" ||
		fail "wringer(1) does not name wringer-$command(1)"
	text=$(plain "$page")
	help=$("$program" "$command" --help)
	while IFS=$'\t' read -r option _; do
		[[ $help =~ " $option"[[:space:]] ]] || fail "$command --help does not have $option"
		[[ $text == *"\\fB$option\\fR"* ]] ||
			fail "wringer-$command(1) does not have $option"
	done < <("$program" --list-options "$command"; printf -- '--help\n')
done
for page in "$pages"/man?/*; do
	grep -q "^\.TH .*\"wringer $version\"" "$page" || fail "$page is of another version"
	# Another page of ours that is named is there.
	plain "$page" | grep -o 'wringer[a-z-]* *([0-9])' | tr -d ' ' | sort -u >"$dir/named"
	while IFS='()' read -r name section; do
		[ -e "$pages/man$section/$name.$section" ] ||
			fail "$page names $name($section), which is not there"
	done <"$dir/named"
done
LC_ALL=C.UTF-8 MANWIDTH=80 man --warnings -E UTF-8 -Tutf8 -Z -l "$pages"/man?/* 2>&1 >/dev/null |
	grep . && fail "these are warnings about the pages"

# ---- completion ----

# complete WORD...: what the last word is completed to.
complete_words()
{
	COMP_WORDS=("$program" "$@")
	COMP_CWORD=$#
	COMPREPLY=()
	_wringer "$program" "${COMP_WORDS[$COMP_CWORD]}" "${COMP_WORDS[$((COMP_CWORD - 1))]}"
}

# shellcheck source=scripts/wringer.bash
. "$dest/opt/w/share/bash-completion/completions/wringer"
[[ $(complete -p wringer) == *_wringer* ]] || fail "bash is not told of the completion"
complete_words ''
[ "${COMPREPLY[*]}" = "${commands[*]}" ] || fail "commands: ${COMPREPLY[*]}"
for command in "${commands[@]}"; do
	complete_words "$command" --
	want=$("$program" --list-options "$command" | cut -f 1 | tr '\n' ' ')--help
	[ "${COMPREPLY[*]}" = "$want" ] || fail "$command: ${COMPREPLY[*]}, not $want"
done
complete_words run -s kv-sc
[ "${COMPREPLY[*]}" = "kv-scan" ] || fail "scenarios: ${COMPREPLY[*]}"
complete_words run -p lru,mg
[[ " ${COMPREPLY[*]} " == *" lru,mglru "* ]] || fail "lists: ${COMPREPLY[*]}"
complete_words cache tr
[ "${COMPREPLY[*]}" = trim ] || fail "operands: ${COMPREPLY[*]}"
complete_words run --eng
[ "${COMPREPLY[*]}" = --engine ] || fail "--eng: ${COMPREPLY[*]}"

# ---- uninstall ----

echo theirs >"$dest/opt/w/bin/other"
quiet_make uninstall DESTDIR="$dest" PREFIX=/opt/w
[ "$(find "$dest" ! -type d)" = "$dest/opt/w/bin/other" ] || fail "left: $(find "$dest" ! -type d)"
[ ! -d "$dest/opt/w/lib/wringer" ] || fail "the folder of data is left"

# Elsewhere, as a distribution may want it.
quiet_make install DESTDIR="$dest" PREFIX=/usr MANDIR=/m COMPLETIONDIR=/c
if [ ! -f "$dest/m/man5/wringer-guest.5" ] || [ ! -f "$dest/c/wringer" ] || [ -e "$dest/usr/share" ]; then
	fail "MANDIR and COMPLETIONDIR count for nothing: $(find "$dest" -type f | head)"
fi
quiet_make uninstall DESTDIR="$dest" PREFIX=/usr MANDIR=/m COMPLETIONDIR=/c
[ "$(find "$dest" ! -type d)" = "$dest/opt/w/bin/other" ] || fail "left: $(find "$dest" ! -type d)"

# ---- what is part of experiments has flags of its own ----

parts="agent workload bpf exact.so probe.so policies/bpf/background.bpf.o"
for part in $parts; do
	CFLAGS=-Dleak CPPFLAGS=-Dleak LDFLAGS=-Wl,leak make -n B="$dir/x" "$dir/x/data/$part" >"$dir/log"
	grep -q -- "-o $dir/x/data/$part" "$dir/log" || fail "$part is not made: $(cat "$dir/log")"
	grep leak "$dir/log" && fail "flags of whoever builds get into $part"
done

# ---- one version ----

[ "$(sed -n '1s/^wringer (\([^-]*\)-.*/\1/p' debian/changelog)" = "$version" ] ||
	fail "debian/changelog begins with another version than VERSION"

# ---- dist ----

if git rev-parse -q --verify HEAD >/dev/null 2>&1; then
	for n in 1 2; do
		TZ=UTC-$n make -s dist B="$dir/d$n" || fail "make dist fails"
		sleep 1
	done
	cmp "$dir/d1/wringer-$version.tar.xz" "$dir/d2/wringer-$version.tar.xz" ||
		fail "make dist gives other bytes the second time"
	tar -tf "$dir/d1/wringer-$version.tar.xz" >"$dir/list"
	grep -v "^wringer-$version/" "$dir/list" && fail "not below one folder"
	git ls-tree -r --name-only HEAD | sed "s|^|wringer-$version/|" | sort >"$dir/files"
	grep -v '/$' "$dir/list" | sort | cmp - "$dir/files" || fail "not the files of the commit"
else
	echo "no git tree, so no 'make dist'"
fi
