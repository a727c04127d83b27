#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# bisect: the kernel, and the commit, that changed a metric is named, whatever happens on the way; what is
# no change is refused; and test judges one kernel with git bisect's exit codes.
# shellcheck source=tests/vm/lib.sh
. tests/vm/lib.sh

blink=$HERE/scenarios/blink.conf
rate=workload.anon.rate

# bisect ARG...: its arguments are the question's.
bisect()
{
	"$WRINGER" bisect -g tiny -p mglru -s "$blink" "$@"
}

# says TEXT: the output does, wherever its lines break.
says()
{
	sed "s/^ *//" "$DIR/out" | tr "\n" " " | grep -qF -- "$1" || fail "no '$1' in: $(cat "$DIR/out")"
}

# What does not hang on chance of one answer; the cost does.
answer()
{
	grep -v '^cost:' "$1"
}

# The touch of a page takes more instructions from 6.12 on than in 6.1.  Killed twice, it goes on.
rungs="-k 6.1.192,6.12.95,6.12.107 --good 6.1.192 --bad 6.12.107 -m $rate"
for lines in 6 22; do
	# shellcheck disable=SC2086 # words
	"$WRINGER" bisect -g tiny -p mglru -s "$blink" $rungs >"$DIR/killed" 2>&1 &
	pid=$!
	BACKGROUND=$pid
	tries=0
	while [ "$(cat "$WRINGER_RESULTS"/.bisect/*/journal 2>/dev/null | wc -l)" -lt $lines ]; do
		tries=$((tries + 1))
		[ $tries -lt 6000 ] || fail "no progress: $(cat "$DIR/killed")"
		kill -0 $pid 2>/dev/null || fail "it ended by itself: $(cat "$DIR/killed")"
		sleep 0.1
	done
	kill -9 $pid
	wait $pid || :
	BACKGROUND=
	no_emulators
done
expect 1 sh -c "'$WRINGER' bisect status | grep -q '^found:'"
expect 0 "$WRINGER" bisect resume
cp "$DIR/out" "$DIR/first"
grep -q '^found:  6.12.95 is the first bad, 6.1.192 is the last good' "$DIR/first" || fail "$(cat "$DIR/first")"
grep -q '^sure:   with fresh seeds: ' "$DIR/first" || fail "not confirmed"
awk 'length > 72 && !/^again|^ /' "$DIR/first" | grep . && fail "lines of over 72 columns"
left=$(find "$WRINGER_RESULTS" -maxdepth 1 -name '????????????????????????????????????????????????????????????????' | wc -l)

# The same question has its answer; from the results alone it has the same one, and runs nothing.
# shellcheck disable=SC2086
expect 0 bisect $rungs
cmp -s "$DIR/out" "$DIR/first" || fail "another answer the second time"
# shellcheck disable=SC2086
expect 0 bisect $rungs --fresh
answer "$DIR/out" >"$DIR/a"
answer "$DIR/first" >"$DIR/b"
diff "$DIR/a" "$DIR/b" || fail "another answer from the results"
grep -q ' 0 of them run for this' "$DIR/out" || fail "it ran something again: $(grep cost "$DIR/out")"
[ "$(results | wc -l)" = "$left" ] || fail "results were added"
expect 0 "$WRINGER" bisect undo
expect 0 "$WRINGER" bisect status
grep -q '^not done yet: wringer bisect resume' "$DIR/out" || fail "nothing was taken back"
expect 0 "$WRINGER" bisect resume
answer "$DIR/out" >"$DIR/a"
diff "$DIR/a" "$DIR/b" || fail "another answer after undo"
expect 0 "$WRINGER" bisect log

# Commits: what is checked out names the kernel; some cannot be built, two of them around the culprit.
tree=$DIR/tree
git init -q "$tree"
for i in 0 1 2 3 4 5 6 7 8 9 10 11; do
	[ $i -lt 7 ] && echo 6.1.192 >"$tree/kernel" || echo 6.12.95 >"$tree/kernel"
	echo $i >"$tree/count"
	git -C "$tree" add -A
	git -C "$tree" -c user.name=a -c user.email=a@b commit -q -m "change $i"
	git -C "$tree" tag c$i
done
# shellcheck disable=SC2016 # for the build's shell
build='case $(cat count) in 4|6) exit 125;; esac; cat kernel'
expect 0 bisect --tree "$tree" --good c0 --bad c11 --build "$build" -m $rate
says "cannot be told apart: one of these is the first bad, $(git -C "$tree" rev-parse --short=12 c5) is the last good"
[ "$(git -C "$tree" status --porcelain)$(git -C "$tree" rev-parse HEAD)" = "$(git -C "$tree" rev-parse c11)" ] ||
	fail "the user's tree was touched"
[ "$(git -C "$tree" worktree list | wc -l)" = 1 ] || fail "a worktree is left"
expect 128 bisect --tree "$tree" --good c0 --bad c11 --build 'exit 3' -m $rate
said 'the build command ended with status 3'

# Commits that wringer builds itself, and the same ones as a series; one does not compile.
vmlinuz()
{
	"$WRINGER" kernel fetch "$1" --json | jq -r '.[0].folder + "/vmlinuz"'
}
ktree=$DIR/ktree
# Not every one of these images has FUSE or a driver, so there is no device.
printf '[guest]\ntitle = no device\n[node 0]\nmemory = 96M\ncpus = 1\n' >"$DIR/none.conf"
cp -r tests/vm/ktree "$ktree"
git init -q "$ktree"
echo CONFIG_PSI=y >"$DIR/psi.config"
for i in 0 1 2 3 4 5; do
	[ $i -lt 3 ] && old=6.1.192 || old=6.12.95
	echo "cp '$(vmlinuz "$old")' \"\$1\"" >"$ktree/image.sh"
	echo "int late$i$([ $i = 2 ] || echo ';')" >"$ktree/mm/vmscan.c"
	git -C "$ktree" add -A
	git -C "$ktree" -c user.name=a -c user.email=a@b commit -q -m "change $i"
	git -C "$ktree" tag c$i
done
built()
{
	WRINGER_CACHE=$DIR/cache "$WRINGER" bisect -g "$DIR/none.conf" -p mglru -s "$blink" \
		--tree "$ktree" --config "$DIR/psi.config" -m $rate "$@"
}
expect 0 built --good c0 --bad c5
says "cannot be told apart: one of these is the first bad, $(git -C "$ktree" rev-parse --short=12 c1) is the last good"
git -C "$ktree" format-patch -q -o "$DIR/series" c0..c5
expect 0 built --series "$DIR/series" --base c0 --good base --bad all
says 'cannot be told apart: one of these is the first bad, 0001-change-1.patch is the last good'
expect 129 built --good c0 --bad c5 --build true
said 'knows its own configuration'

# What hangs or dies is known after two experiments, at whatever cost each of them is.
sed 's/^memory.max = 8M/memory.max = 2M\nmemory.swap.max = 0/' "$blink" >"$DIR/oom.conf"
expect 125 "$WRINGER" bisect -g tiny -p mglru -s "$DIR/oom.conf" \
	-k 6.12.95,6.12.107 --good 6.12.95 --bad 6.12.107 -m $rate
says "refused: the good end, 6.12.95, cannot be tested: oom"
expect 0 "$WRINGER" bisect log --json
jq -e '[.[] | select(.try)] | length == 2' "$DIR/out" >"$DIR/jq" || fail "not two experiments: $(cat "$DIR/out")"

# No change, the other way round, and what cannot be asked.
expect 1 bisect -k 6.12.95,6.12.107 --good 6.12.95 --bad 6.12.107 -m cgroup.app.events.oom_kill
says "refused: the ends do not differ"
expect 1 bisect -k 6.1.192,6.12.107 --good 6.12.107 --bad 6.1.192 -m $rate
says "other way round"
expect 125 bisect -k 6.1.192,6.12.107 --good 6.1.192 --bad 6.12.107 -m workload.anon.speed
says "there is no metric 'workload.anon.speed'"
expect 128 bisect -k 6.1.192,6.12.107 --good 6.1.192 --bad 6.12.107
said 'expects nothing that could fail'
expect 128 bisect -k 6.1.192,6.12.95,6.12.107 --good 6.12.95 --bad 6.12.107 -m $rate
said 'the first and the last'
expect 128 bisect -k 0.1.2,6.12.107 --good 0.1.2 --bad 6.12.107 -m $rate
said 'there is no kernel "0.1.2"'
expect 128 bisect --good 6.12.107 --bad 6.12.107 -m $rate
said 'nothing between them'
expect 128 bisect -k 6.1.192,6.12.107 --good 6.1.192 --bad 6.12.107 --status sunny
said "'sunny' is no status"

# One kernel.
judge()
{
	"$WRINGER" test -g tiny -p mglru -s "$blink" "$@"
}
expect 1 judge -k 6.12.107 --base 6.1.192 -m $rate
expect 0 judge -k 6.1.192 --base 6.12.107 -m $rate -n 1-8
expect 1 judge -k 6.12.95 --good 6.1.192 --bad 6.12.107 -m $rate
expect 125 judge -k /dev/null --base 6.1.192 -m $rate
{
	cat "$blink"
	printf '\n[expect]\n%s = < 800000\n' $rate
} >"$DIR/slow.conf"
expect 0 "$WRINGER" test -g tiny -p mglru -s "$DIR/slow.conf" -k 6.12.95 -n 1-2
expect 1 "$WRINGER" test -g tiny -p mglru -s "$DIR/slow.conf" -k 6.1.192 -n 1-2
