#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# The probe changes nothing of a result, adds the same bytes each time, and its sums are those of the machine's
# clock; with one CPU and with two, forked and from power-on, whoever reclaims.
# shellcheck source=tests/vm/lib.sh
. tests/vm/lib.sh
own_templates

# number FILE KEY: the only one of that key in a canonical file.
number()
{
	sed -n "s/^ *\"$2\": \(-*[0-9]*\),*\$/\1/p" "$1"
}

# context FILE NAME KEY: a number of a context.
context()
{
	sed -n '/^ "contexts": \[/,/^ \]/p' "$1" | grep -B 3 "\"name\": \"$2\"" |
		sed -n "s/^ *\"$3\": \([0-9]*\),*\$/\1/p"
}

# metric FILE NAME: its value.
metric()
{
	awk -v want="\"name\": \"$2\"," 'index($0, want) { found = 1 }
		found && /"value":/ { gsub(/[^0-9]/, ""); print; exit }' "$1"
}

sums()
{
	(cd "$1" && sha256sum spec.json result.json records.zst console.txt host.json) ||
		fail "a file of the result is gone"
}

# The totals against the clock, and every place in the tree of calls against the contexts.
check_sums()
{
	p=$1/probe.json
	user=$(number "$p" user | tail -n 1)
	kernel=$(number "$p" kernel | tail -n 1)
	[ $((user + kernel)) = "$(number "$p" total)" ] || fail "programs and kernel are not all"
	[ "$(number "$p" uncounted_ns)" = 0 ] || fail "uncounted: $(number "$p" uncounted_ns) ns"
	[ $((user + kernel + $(number "$p" idle_ns))) = "$(number "$p" virtual_ns)" ] ||
		fail "what was executed and what was idle are not the time that passed"
	left=$(number "$p" left_in_blocks)
	[ "${left#-}" -lt $(((user + kernel) / 1000)) ] || fail "blocks are off by $left"
	folded=$(awk '{ sum += $NF } END { printf "%.0f\n", sum }' "$1/probe.folded")
	inside=0
	for name in kswapd direct limit proactive node_reclaim compact; do
		for part in instructions interrupts device; do
			inside=$((inside + $(context "$p" $name $part)))
		done
	done
	[ "$folded" = "$inside" ] || fail "the folded stacks hold $folded, the contexts $inside"
	[ $((kernel - inside)) = "$(number "$p" outside_contexts)" ] || fail "inside and outside are not all"
	sed -n '/"lost": {/,/}/p' "$p" | grep -q '[1-9]' && fail "something was lost: $p"
	# All of kswapd's is below the function that it is known by.
	! grep -q '^limit;' "$1/probe.folded" || grep -q '^limit;try_to_free_mem_cgroup_pages;do_try' \
		"$1/probe.folded" || fail "the limit's reclaim calls nothing"
}

# probe GUEST POLICY SCENARIO: runs and probes it; the folder is $result.
probe()
{
	expect 0 "$WRINGER" run -k 6.12 -g "$1" -p "$2" -s "$3" -n 1
	result=$WRINGER_RESULTS/$("$WRINGER" show -g "$1" --json | grep '"id"' | head -n 1 | cut -d'"' -f4)
	before=$(sums "$result")
	expect 0 "$WRINGER" probe "$(basename "$result")"
	[ "$before" = "$(sums "$result")" ] || fail "the result was changed"
	check_sums "$result"
}

probe one mglru "$HERE/scenarios/short.conf"
grep -q '^limit ' "$DIR/out" || fail "no limit's reclaim was shown: $(cat "$DIR/out")"
[ "$(metric "$result/result.json" cgroup.app.stat.pgsteal_direct)" -gt 0 ] || fail "nothing was reclaimed"
[ "$(context "$result/probe.json" limit instructions)" -gt 100000 ] || fail "reclaim costs nothing"
[ "$(context "$result/probe.json" kswapd instructions)" = 0 ] || fail "kswapd ran where there was no shortage"
# A module's function has its own name, and an interrupt is none of reclaim's.
grep -q '"name": "scsi_debug:' "$result/probe.json" || fail "modules have no functions"
grep -q '^limit;interrupts;asm_' "$result/probe.folded" || fail "there was no interrupt"
# Once there it is only printed; again, and from power-on, it is the same.
was=$(sha256sum "$result"/probe.*)
touch -d 2001-01-01 "$result"/probe.*
expect 0 "$WRINGER" probe "$(basename "$result")"
[ "$(find "$result" -name 'probe.*' -newermt 2002-01-01)" = "" ] || fail "it was run once more"
expect 0 "$WRINGER" probe --again --boot --json "$(basename "$result")"
[ "$was" = "$(sha256sum "$result"/probe.*)" ] || fail "from power-on it gave something else"
expect 0 "$WRINGER" probe --again --folded "$(basename "$result")"
cmp "$DIR/out" "$result/probe.folded" || fail "--folded prints something else"
[ "$was" = "$(sha256sum "$result"/probe.*)" ] || fail "the second time it gave something else"
# A result that is not what the run gives is left alone.
rm "$result"/probe.*
cp -r "$result" "$DIR/kept"
printf x >>"$result/console.txt"
expect 1 "$WRINGER" probe "$(basename "$result")"
said "console.txt is not what this run gives"
[ ! -e "$result/probe.json" ] || fail "it was added to another run's result"
rm -r "$result"
mv "$DIR/kept" "$result"

probe two-smp lru "$HERE/scenarios/pressure.conf"
[ "$(number "$result/probe.json" kernel | wc -l)" = 3 ] || fail "there are not two CPUs"
[ "$(metric "$result/result.json" vmstat.pgsteal_kswapd)" -gt 0 ] || fail "kswapd was not needed"
[ "$(context "$result/probe.json" kswapd instructions)" -gt 100000 ] || fail "kswapd costs nothing"
[ "$(context "$result/probe.json" kswapd device)" -gt 0 ] || fail "nothing was copied to swap"
grep -q '^kswapd;balance_pgdat;' "$result/probe.folded" || fail "kswapd calls nothing"
no_emulators
nothing_half_written
