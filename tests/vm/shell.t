#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Into the guest: a shell with nothing, a shell with a scenario, and gdb.
# shellcheck source=tests/vm/lib.sh
. tests/vm/lib.sh

export TMPDIR="$DIR"
short=$HERE/scenarios/short.conf

# script CODE COMMAND...: as expect, with stdin for the guest's shell.
script()
{
	expect "$@"
	[ -z "$(find "$DIR" -maxdepth 1 -name 'wringer.*')" ] || fail "a folder is left"
}

# The machine of the experiment, output to the byte, the shell's end as our own.
script 0 timeout 120 "$WRINGER" boot -k 6.12 -g two --append junk=1 <<'END'
cat /sys/devices/system/node/online
tr ' ' '\n' </proc/cmdline | grep -e junk -e no_timer_check
printf 'a\tb\n'
END
[ "$(cat "$DIR/out")" = "$(printf '0-1\nno_timer_check\njunk=1\na\tb')" ] || fail "the script printed: $(cat "$DIR/out")"
script 1 timeout 120 "$WRINGER" boot -k 6.12 -g one <<'END'
exit 3
END

# Under the exact engine a script is as exact as an experiment.
for n in 1 2; do
	script 0 timeout 120 "$WRINGER" boot -k 6.12 -g one -e exact <<'END'
cat /proc/uptime /proc/interrupts
sleep 0.3
cat /proc/vmstat /proc/sys/kernel/random/uuid
END
	cp "$DIR/out" "$DIR/exact$n"
done
[ -s "$DIR/exact1" ] || fail "nothing printed"
cmp "$DIR/exact1" "$DIR/exact2" || fail "two runs of a script differ"

# The scenario is there: cgroup, swap, data; its workloads wait until they are let go.
script 0 timeout 120 "$WRINGER" shell -k 6.12 -g one -p mglru -s "$short" <<'END'
cat /sys/kernel/mm/lru_gen/enabled /sys/fs/cgroup/app/memory.max
grep -c sda /proc/swaps
ls -1 /data
wl
wl start anon
sleep 1
wl stop anon
sleep 1
wl status
END
cat "$DIR/out"
[ "$(head -n 3 "$DIR/out" | tr '\n' ' ')" = "0x0007 16777216 1 " ] || fail "the set-up is not the scenario's"
grep -qx records "$DIR/out" || fail "the scenario's file is not there"
[ "$(grep -c '^kv  *[0-9]* waiting  *0 ' "$DIR/out")" = 2 ] || fail "kv did not wait"
grep -q '^anon  *[0-9]* ended  *[1-9]' "$DIR/out" || fail "anon did not run, or did not stop"

expect 129 "$WRINGER" shell -k 6.12
expect 128 "$WRINGER" boot -k 6.12 -g nonesuch
said "there is no guest 'nonesuch'"

# gdb: at the failure with the kernel's own call chain, at the start, and backwards.
expect 1 "$WRINGER" run -k 6.12 -g one -p lru -n 1 -s "$HERE/scenarios/fault-panic.conf"
id=$("$WRINGER" show | awk 'NR == 2 { print $1 }')
script 0 timeout 240 "$WRINGER" gdb "$id" -- -batch -ex bt </dev/null
cat "$DIR/out"
chain=$(sed -n 's/^#[0-9]* .* in \([a-zA-Z_0-9.]*\) ()$/\1/p' "$DIR/out" | tr '\n' ' ')
case $chain in
"panic sysrq_handle_crash "*" vfs_write ksys_write "*"do_syscall_64 entry_SYSCALL_64_after_hwframe "*) ;;
*) fail "not the call chain of the panic: $chain" ;;
esac
# shellcheck disable=SC2016 # gdb expands
script 0 timeout 240 "$WRINGER" gdb --at start "$id" -- -batch -ex 'info symbol $pc' \
	-ex 'info symbol shrink_folio_list' </dev/null
grep -q "^start_kernel in section .text" "$DIR/out" || fail "not at start_kernel: $(cat "$DIR/out")"
grep -q "^shrink_folio_list in section .text" "$DIR/out" || fail "shrink_folio_list has no address"
# shellcheck disable=SC2016 # gdb expands
script 0 timeout 300 "$WRINGER" gdb --reverse "$id" -- -batch -ex reverse-stepi -ex 'x/i $pc' </dev/null
grep -q "^=> .*<sysrq_handle_crash.*call .*<panic>" "$DIR/out" || {
	cat "$DIR/out" "$DIR/err"
	fail "one step back from panic() is not its call"
}
nothing_half_written
no_emulators
