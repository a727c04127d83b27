#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Real programs: they run in their cgroup, what they say of themselves becomes metrics, the same
# experiment gives the same bytes, and how they end decides how the run does.
# shellcheck source=tests/vm/lib.sh
. tests/vm/lib.sh

# The catalogue's scenarios of programs.
SHIPPED=$PWD/workloads/scenarios

# twice SCENARIO: runs it in two folders; the results are the same, and $R is one of them.
twice()
{
	expect 0 "$WRINGER" run -k 6.12 -g one -p mglru -s "$SHIPPED/$1.conf" -n 1
	R=$(results)
	id=$(basename "$R")
	expect 0 "$WRINGER" run -k 6.12 -g one -p mglru -s "$SHIPPED/$1.conf" -n 1 -o "$DIR/again"
	for f in spec.json result.json records.zst console.txt; do
		cmp "$R/$f" "$DIR/again/$id/$f" || fail "$1: $f differs the second time"
	done
	jq -e '.status == "done"' "$R/result.json" >/dev/null || fail "$1 did not end well"
}

# metric NAME: its value.
metric()
{
	jq -e --arg name "$1" '.metrics[] | select(.name == $name) | .value' "$R/result.json" ||
		fail "no metric $1"
}

next()
{
	expect 0 "$WRINGER" check
	rm -rf "$WRINGER_RESULTS" "$DIR/again"
}

twice stress-ng
[ "$(metric workload.stress.vm.bogo_ops)" -gt 0 ] || fail "stress-ng did nothing"
seconds=$(sed -n 's/.*--timeout \([0-9]*\).*/\1/p' "$SHIPPED/stress-ng.conf")
[ "$(metric workload.stress.vm.real_us)" -ge "${seconds:?}000000" ] || fail "stress-ng did not run for $seconds s"
[ "$(metric cgroup.app.stat.pgmajfault)" -gt 100 ] || fail "stress-ng did not swap in its cgroup"
expect 0 "$WRINGER" show "$id" --output stress
grep -q 'successful run completed' "$DIR/out" || fail "its output: $(cat "$DIR/out")"
expect 0 "$WRINGER" show "$id" --output stress/result
grep -q "bogo-ops: $(metric workload.stress.vm.bogo_ops)\$" "$DIR/out" || fail "not what stress-ng says"
jq -e '.image.layers[0].packages | any(.file | startswith("stress-ng_"))' "$R/spec.json" >/dev/null ||
	fail "spec.json does not say which stress-ng"
# What a program said cannot be another thing later.
cp -r "$WRINGER_RESULTS" "$DIR/damaged"
sed -i 's/"bogo_ops": [0-9]*/"bogo_ops": 1/' "$DIR/damaged/$id/result.json"
expect 1 "$WRINGER" check -o "$DIR/damaged"
grep -q 'programs are not what' "$DIR/out" || fail "$(cat "$DIR/out")"
# The seed is the program's.
for seed in 1 2; do
	expect 0 "$WRINGER" run -k 6.12 -g one -p mglru -s "$SHIPPED/stress-ng.conf" -n $seed --dry-run
	sed -n 's/^program .*--seed \([0-9]*\).*/\1/p' "$DIR/out" >>"$DIR/seeds"
done
[ "$(sort -u "$DIR/seeds" | wc -l)" = 2 ] || fail "the seed does not reach the program: $(cat "$DIR/seeds")"
next

twice fio
[ "$(metric workload.fio.rand.read.ios)" = 6144 ] || fail "fio did not read its file once"
[ "$(metric workload.fio.seq.write.kib)" = 8192 ] || fail "fio did not write its file"
# The device takes 80 us and the cgroup does not hold the file.
p50=$(metric workload.fio.rand.read.clat.p50_ns)
if [ "$p50" -lt 80000 ] || [ "$p50" -gt 200000 ]; then
	fail "fio reads in $p50 ns"
fi
next

# fails REASON COMMAND OPTIONS: how a program ends that does not do well.
fails()
{
	sed "s|^command = .*|command = $2|; s|^timeout = .*|$3|" \
		"$SHIPPED/stress-ng.conf" >"$DIR/bad.conf"
	expect 1 "$WRINGER" run -k 6.12 -g one -p mglru -s "$DIR/bad.conf" -n 1
	R=$(results)
	jq -e '.status == "workload-failed"' "$R/result.json" >/dev/null || fail "$2: $(cat "$R/result.json")"
	jq -r .reason "$R/result.json" | grep -Eq "$1" || fail "$2: $(jq -r .reason "$R/result.json")"
	next
}
fails 'ended with exit code [1-9]' 'stress-ng --no-such-option' 'exit = zero'
fails 'cannot run nothing: No such file' 'nothing at all' 'exit = zero'
fails 'did not end within 1000 ms' 'stress-ng --vm 1 --vm-bytes 1M --timeout 100' 'timeout = 1s'

# Whoever may end in any way does.
sed "s|^command = .*|command = stress-ng --no-such-option|; s|^timeout = .*|exit = any|" \
	"$SHIPPED/stress-ng.conf" >"$DIR/any.conf"
expect 0 "$WRINGER" run -k 6.12 -g one -p mglru -s "$DIR/any.conf" -n 1
R=$(results)
jq -e '.programs[0] | .exit > 0 and .error == "it left no output"' "$R/result.json" >/dev/null ||
	fail "exit = any: $(jq -c .programs "$R/result.json")"
next

# A layer of one's own, and two that would be the same.
mkdir "$DIR/a" "$DIR/b"
printf '[layer]\ntitle = own\nsuite = bookworm\npackages = busybox-static\nfiles = /bin/busybox\n' >"$DIR/a/own.conf"
{
	cat "$DIR/a/own.conf"
	printf '[links]\n/bin/true = busybox\n'
} >"$DIR/b/own.conf"
sed -e "s|^layer = .*|layer = $DIR/a/own.conf|" -e '/^timeout/d' -e '/^output/d' \
	-e 's|^command = .*|command = /bin/busybox true|' -e '/^primary/d' "$SHIPPED/stress-ng.conf" >"$DIR/own.conf"
expect 0 "$WRINGER" run -k 6.12 -g one -p mglru -s "$DIR/own.conf" -n 1
next
printf '\n[workload other]\ntype = program\nlayer = %s\ncommand = /bin/busybox true\n' "$DIR/b/own.conf" >>"$DIR/own.conf"
expect 128 "$WRINGER" run -k 6.12 -g one -p mglru -s "$DIR/own.conf" -n 1
said 'two layers are called own'

# What cannot be is said before anything runs.
sed 's/^layer = .*/layer = none/' "$SHIPPED/stress-ng.conf" >"$DIR/bad.conf"
expect 128 "$WRINGER" run -k 6.12 -g one -p mglru -s "$DIR/bad.conf" -n 1
said "there is no layer 'none'"
sed "s/^command = .*/command = sh -c 'open/" "$SHIPPED/stress-ng.conf" >"$DIR/bad.conf"
expect 128 "$WRINGER" run -k 6.12 -g one -p mglru -s "$DIR/bad.conf" -n 1
said 'quotes that are closed'

# The kernel's own tests say in an experiment what they say when they are run by hand.
# outcomes: of the tests that a program's log tells of, as awk reads them
outcomes()
{
	awk '
		/^# selftests: / { test = $4 }
		/^# ok .* # SKIP/ { print "skipped " test; next }
		/^# ok / { print "passed " test; next }
		/^# not ok / { print "failed " test }'
}

twice kselftest-mm
command=$(sed -n 's/^command = //p' "$SHIPPED/kselftest-mm.conf")
jq -r '.programs[0].report[] | select(.test | contains(" / ")) | .outcome + " " + (.test | split(" ")[2])' \
	"$R/result.json" | sort >"$DIR/inside"
[ "$(grep -c ^passed "$DIR/inside")" -gt 30 ] || fail "few tests: $(cat "$DIR/inside")"
echo "chroot /layers/kselftest $command || :" >"$DIR/script"
"$WRINGER" shell -e exact -k 6.12 -g one -p mglru -s "$SHIPPED/kselftest-mm.conf" \
	<"$DIR/script" >"$DIR/out" || fail "the tests do not run by hand"
outcomes <"$DIR/out" | sort | diff "$DIR/inside" - || fail "mm: an experiment and a shell do not agree"
next

twice kselftest-cgroup
jq -r '.programs[0].report[] | .outcome + " " + .test' "$R/result.json" | sed 's|selftests: cgroup: ||' \
	>"$DIR/inside"
[ "$(grep -c . "$DIR/inside")" -gt 15 ] || fail "few tests: $(cat "$DIR/inside")"
[ "$(metric workload.kselftest.tests.passed)" -gt 10 ] || fail "few tests passed: $(cat "$DIR/inside")"
[ "$(metric workload.kselftest.tests.missing)" = 0 ] || fail "tests are missing: $(cat "$DIR/inside")"
echo 'chroot /layers/kselftest /kselftest/run -C /data cgroup:test_memcontrol cgroup:test_core || :' >"$DIR/script"
"$WRINGER" shell -e exact -k 6.12 -g one -p mglru -s "$SHIPPED/kselftest-cgroup.conf" \
	<"$DIR/script" >"$DIR/out" || fail "the tests do not run by hand"
awk '
	/^# selftests: / { test = $4 }
	/^# ok .* # SKIP/ { print "skipped " test " / " $NF; next }
	/^# ok / { print "passed " test " / " $4 }
	/^# not ok / { print "failed " test " / " $5 }' "$DIR/out" >"$DIR/byhand"
diff "$DIR/inside" "$DIR/byhand" || fail "an experiment and a shell do not agree"
