#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Building kernels, on a tree that is built as a kernel's is but in a second (tests/vm/ktree): what is
# an input and what is not, commits, patches, fragments, bad input.
# shellcheck source=tests/vm/lib.sh
. tests/vm/lib.sh

for tool in git ccache; do
	command -v $tool >/dev/null || {
		echo "$tool is missing"
		exit 77
	}
done

export WRINGER_CACHE="$DIR/cache"
tree=$DIR/tree
cp -r tests/vm/ktree "$tree"
# Debian's sources leave all out of git; what a build in the tree left is no input.
echo '/*' >"$tree/.gitignore"

cat >"$DIR/psi.config" <<-EOS
	# a comment
	CONFIG_PSI=y
	CONFIG_FAKE_TEXT="a # b"
	CONFIG_NO_SUCH_THING=y # optional
EOS
echo 'CONFIG_LRU_GEN=y' >"$DIR/lru.config"
psi=$DIR/psi.config
both=$psi,$DIR/lru.config

# build TREE [OPTION...]: its name, or the end of the test
build()
{
	expect 0 "$WRINGER" kernel build "$@"
	cat "$DIR/out"
}

# image NAME: the hash of the image
image()
{
	id=$(sed -n 's/.*"kernel": "\(.*\)",/\1/p' "$WRINGER_CACHE/builds/$1.json")
	sha256sum <"$WRINGER_CACHE/kernels/$id/vmlinuz"
}

# What was built since $DIR/mark.
compiled()
{
	find "$WRINGER_CACHE/trees" -name '*.o' -newer "$DIR/mark" -path '*build-*' -printf '%f\n' | sort
}

# ---- a name of its inputs, and the second time for nothing ----
name=$(build "$tree" --config "$psi")
case $name in
7.3.4-psi-????????) ;;
*) fail "it is called $name" ;;
esac
echo junk >"$tree/mm/left.o"
touch "$DIR/mark"
[ "$(build "$tree" --config "$psi")" = "$name" ] || fail "the second has another name"
[ ! -s "$DIR/err" ] || fail "the second was built: $(cat "$DIR/err")"
"$WRINGER" kernel list 2>/dev/null | grep -q "^$name  *$name  *-  *build " || fail "it is not listed"
"$WRINGER" kernel show "$name" | grep -q "version  *$name" || fail "it cannot be shown"
first=$(image "$name")

# ---- other folders, users, languages, times: the same image ----
cp -r "$tree" "$DIR/elsewhere"
sleep 1
other=$(env WRINGER_CACHE="$DIR/cache-2" USER=somebody LC_ALL=C.UTF-8 CFLAGS=-O3 KCFLAGS=-O3 \
	MAKEFLAGS=-k "$WRINGER" kernel build "$DIR/elsewhere" --config "$psi" 2>"$DIR/err") ||
	fail "elsewhere it does not build: $(cat "$DIR/err")"
[ "$other" = "$name" ] || fail "elsewhere it is called $other"
[ "$(WRINGER_CACHE=$DIR/cache-2 image "$name")" = "$first" ] || fail "elsewhere it is another image"

# ---- each input counts ----
more=$(build "$tree" --config "$both")
case $more in
7.3.4-psi+lru-*) ;;
*) fail "with two fragments it is called $more" ;;
esac
sed -i 's,pages / 2,pages / 3,' "$tree/mm/vmscan.c"
changed=$(build "$tree" --config "$psi")
[ "$changed" != "$name" ] || fail "a change of the source is no other kernel"
[ "$(image "$changed")" != "$first" ] || fail "a change of the source is the same image"
sed -i 's,pages / 3,pages / 2,' "$tree/mm/vmscan.c"
[ "$(build "$tree" --config "$psi")" = "$name" ] || fail "changed back it is another"

# ---- what another tree compiled is not compiled again ----
hits()
{
	CCACHE_DIR=$WRINGER_CACHE/ccache ccache --print-stats |
		awk '$1 ~ /^(direct|preprocessed)_cache_hit$/ { n += $2 } END { print n + 0 }'
}
cp -r "$tree" "$DIR/third"
echo "# another" >>"$DIR/third/image.sh"
before=$(hits)
build "$DIR/third" --config "$psi" >/dev/null
[ "$(hits)" = $((before + 1)) ] || fail "$before hits before, $(hits) after"

# ---- commits: the user's files stay, what was compiled is used again, dirt is an input ----
git_in()
{
	git -C "$repo" -c user.name=t -c user.email=t@example.org -c commit.gpgSign=false "$@"
}
repo=$DIR/repo
cp -r tests/vm/ktree "$repo"
git_in init -q -b main
git_in add -A
git_in commit -qm one
sed -i 's,pages / 2,pages / 4,' "$repo/mm/vmscan.c"
git_in commit -qam two
sed -i 's,pages,,' "$repo/mm/vmscan.c"
git_in commit -qam broken
git_in revert --no-edit HEAD >/dev/null
echo "/* dirt */" >>"$repo/mm/late.c"
[ "$(image "$(build "$repo@HEAD~3" --config "$psi")")" = "$first" ] || fail "a commit is not what it holds"
two=$(build "$repo@HEAD~2" --config "$psi")
[ "$two" != "$name" ] || fail "two commits are one kernel"
[ "$(build "$repo@main" --config "$psi")" = "$two" ] || fail "a revert is not what was before"
dirty=$(build "$repo" --config "$psi")
[ "$dirty" != "$two" ] || fail "what is not committed is not built"
[ "$(image "$dirty")" = "$(image "$two")" ] || fail "the image depends on what is not in it"
"$WRINGER" kernel list 2>/dev/null | grep -q "^$dirty " || fail "a second name is not listed"
"$WRINGER" kernel show "$dirty" >/dev/null || fail "a second name cannot be shown"
[ "$(git_in status --short)" = " M mm/late.c" ] || fail "the user's files were changed"
touch "$DIR/mark"
sleep 0.1
build "$repo@HEAD~2" --config "$both" >/dev/null
touch "$DIR/mark"
sleep 0.1
echo "/* more */" >>"$repo/mm/late.c"
build "$repo" --config "$both" >/dev/null
[ -z "$(compiled)" ] || fail "what did not change was compiled again: $(compiled)"

# ---- does not compile: a finding, with the compiler's words, and the next one is fine ----
expect 1 "$WRINGER" kernel build "$repo@HEAD~1" --config "$psi"
said 'does not compile: mm/vmscan\.c:[0-9]+:[0-9]+: error: .*log: /'
[ "$(build "$repo@HEAD~2" --config "$psi")" = "$two" ] || fail "a broken commit spoilt the next"

# ---- a module, where a fragment asks for one ----
echo 'CONFIG_FAKE_MODULE=m' >"$DIR/mod.config"
mod=$(build "$tree" --config "$DIR/mod.config")
"$WRINGER" kernel show "$mod" | grep -q 'modules  *1$' || fail "the module is not there"

# ---- another architecture: a program instead of an image ----
printf '# arch: um\nCONFIG_PSI=y\n' >"$DIR/um.config"
um=$(build "$tree" --config "$DIR/um.config")
folder=$("$WRINGER" kernel show "$um" --json | jq -r '.[0].folder')
if [ ! -s "$folder/linux" ] || [ -e "$folder/vmlinuz" ]; then
	fail "no program came of arch um"
fi

# ---- patches ----
p=$DIR/series
mkdir "$p"
(cd "$repo" && git_in diff HEAD~3 HEAD~2) >"$p/b.patch"
cat >"$p/a.diff" <<-'EOS'
	A comment is changed.
	--- a/mm/late.c
	+++ b/mm/late.c
	@@ -1,2 +1,2 @@
	 // SPDX-License-Identifier: GPL-2.0-only
	-int late;
	+int later;
EOS
printf 'b.patch\n# no\na.diff -p1\n' >"$p/series"
both_applied=$(build "$tree" --config "$psi" --patches "$p")
[ "$(image "$both_applied")" = "$(image "$two")" ] || fail "patches do not give what the commit is"
grep -q '"b.patch",' "$WRINGER_CACHE/builds/$both_applied.json" || fail "the patches are not noted"
grep -q 'pages / 2' "$tree/mm/vmscan.c" || fail "the user's files were patched"
sed -i 's,pages / 2,pages / 7,' "$p/b.patch"
expect 1 "$WRINGER" kernel build "$tree" --config "$psi" --patches "$p"
said 'patch b\.patch does not apply: hunk 1 of mm/vmscan\.c, at line [0-9]+'
expect 128 "$WRINGER" kernel build "$tree" --config "$psi" --patches "$DIR/cache"
said 'there is no patch in'
# One of the catalogue, by its name: it is found, and is for another tree.
expect 1 "$WRINGER" kernel build "$tree" --config "$psi" --patches 7.3/kunit
said 'patch 0001-mm-KUnit'

# ---- each prefix of a series: what boots is a prebuilt kernel, which the tree passes off as its own ----
vmlinuz=$(env -u WRINGER_CACHE "$WRINGER" kernel fetch 6.12 --json | jq -r '.[0].folder')/vmlinuz
cp -r tests/vm/ktree "$DIR/boot"
cat >"$DIR/boot/image.sh" <<-EOS
	cp '$vmlinuz' "\$1"
EOS
e=$DIR/each
cp -r "$p" "$e"
printf 'b.patch\na.diff\nc.patch\n' >"$e/series"
sed -i 's,pages / 7,pages / 2,' "$e/b.patch"
cat >"$e/c.patch" <<-'EOS'
	--- a/mm/late.c
	+++ b/mm/late.c
	@@ -2 +2 @@
	-int sooner;
	+int soon;
EOS
expect 1 "$WRINGER" kernel build "$DIR/boot" --config "$psi" --patches "$e" --each -g bare \
	-s ./tests/vm/scenarios/blink.conf
cat >"$DIR/want" <<-EOS
	  0  boots             (none)
	  1  boots             b.patch
	  2  boots             a.diff
	  3  does-not-apply    c.patch
EOS
diff "$DIR/want" "$DIR/out" || fail "the series gives other lines"
said 'c\.patch: patch c\.patch does not apply: hunk 1 of mm/late\.c, at line 2'
cat >"$DIR/boot/image.sh" <<-EOS
	{ head -c 400000 '$vmlinuz'; tail -c +400001 '$vmlinuz' | tr '\\\\000' '\\\\001'; } >"\$1"
EOS
printf 'b.patch\n' >"$e/series"
expect 1 "$WRINGER" kernel build "$DIR/boot" --config "$psi" --patches "$e" --each -g bare \
	-s ./tests/vm/scenarios/blink.conf
[ "$(grep -c '^  [01]  fails ' "$DIR/out")" = 2 ] || fail "a kernel that does not boot gives: $(cat "$DIR/out")"

# ---- killed in the middle: the next one does not take half a file for whole ----
sleep 0.1
rm "$WRINGER_CACHE"/builds/*.json
for o in "$WRINGER_CACHE"/trees/*/build-*/mm/vmscan.o; do
	touch "$(dirname "$(dirname "$o")").unfinished"
done
sleep 0.1
for o in "$WRINGER_CACHE"/trees/*/build-*/mm/vmscan.o; do
	echo half >"$o"
done
build "$tree" --config "$psi" >/dev/null
[ "$(image "$name")" = "$first" ] || fail "half an object got into the image"

# ---- bad input: one sentence each ----
expect 128 "$WRINGER" kernel build "$DIR/nowhere" --config "$psi"
said 'there is no folder'
expect 128 "$WRINGER" kernel build "$DIR" --config "$psi"
said 'is no kernel tree'
expect 128 "$WRINGER" kernel build "$repo@nonesuch" --config "$psi"
said 'there is no commit nonesuch in'
expect 128 "$WRINGER" kernel build "$tree@HEAD" --config "$psi"
said 'is no git repository'
expect 128 "$WRINGER" kernel build "$tree" --config nonesuch
said 'there is no fragment nonesuch'
expect 128 "$WRINGER" kernel build "$tree" --config "$psi" --toolchain 'a b'
said 'auto, host or a suite'
echo 'CONFIG_PSI' >"$DIR/bad.config"
expect 128 "$WRINGER" kernel build "$tree" --config "$DIR/bad.config"
said 'bad\.config:1: a symbol is set as in'
echo 'CONFIG_NO_SUCH_THING=y' >"$DIR/bad.config"
expect 1 "$WRINGER" kernel build "$tree" --config "$DIR/bad.config"
said 'this tree has no symbol CONFIG_NO_SUCH_THING \(fragment bad, line 1\)'
echo 'CONFIG_FAKE_NEEDS_MORE=y' >"$DIR/bad.config"
expect 1 "$WRINGER" kernel build "$tree" --config "$DIR/bad.config"
said 'CONFIG_FAKE_NEEDS_MORE is n, not y as fragment bad asks in line 1'
expect 129 "$WRINGER" kernel build
expect 129 "$WRINGER" kernel build "$tree" --each

# ---- a compiler too old for the tree, and one that is not to be had ----
mkdir "$tree/scripts"
echo 'echo 99.1.0' >"$tree/scripts/min-tool-version.sh"
expect 128 "$WRINGER" kernel build "$tree" --config "$psi" --toolchain host
said 'gcc [0-9.]+ is older than 99\.1\.0'
rm -r "$tree/scripts"

# ---- a full disk ----
if [ "$(id -u)" -eq 0 ] && mkdir "$DIR/full" && mount -t tmpfs -o size=200k tmpfs "$DIR/full" 2>/dev/null; then
	WRINGER_CACHE=$DIR/full expect 128 "$WRINGER" kernel build "$tree" --config "$psi"
	said '[Nn]o space left|disk .*full'
	umount "$DIR/full"
fi
[ -z "$(find "$WRINGER_CACHE" -name 'tmp.*' -path '*/kernels/*')" ] || fail "half a kernel is left"
