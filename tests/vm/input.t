#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Bad input: one clear sentence, the right exit code, nothing written.
# shellcheck source=tests/vm/lib.sh
. tests/vm/lib.sh

short=$HERE/scenarios/short.conf
bad()
{
	code=$1
	pattern=$2
	shift 2
	expect "$code" "$@"
	said "$pattern"
	[ "$(wc -l <"$DIR/err")" = 1 ] || fail "more than one line: $(cat "$DIR/err")"
	[ ! -s "$DIR/out" ] || fail "something on stdout: $(cat "$DIR/out")"
	[ -z "$(results)" ] || fail "a result was written"
}

bad 129 "there is no command 'frobnicate'" "$WRINGER" frobnicate
bad 129 "--frobnicate is no option" "$WRINGER" run --frobnicate
bad 129 "which scenario" "$WRINGER" run
bad 129 "give a number or a range" "$WRINGER" run -s "$short" -n 3-1
bad 128 "there is no scenario 'nonesuch'" "$WRINGER" run -s nonesuch
bad 128 "9\.99\.1" "$WRINGER" run -k 9.99.1 -s "$short"

# A file that is no kernel, and one cut off in its header.
head -c 100000 /dev/zero >"$DIR/zero"
bad 128 "zero.*(no bootable|not a|no kernel|no Linux|not.*kernel)" "$WRINGER" run -k "$DIR/zero" -s "$short"

# A guest too small to boot.
sed 's/^memory = .*/memory = 16M/' guests/one.conf >"$DIR/tiny.conf"
sed -i 's/^model = ssd/model = none/; /^size/d; /^latency/d' "$DIR/tiny.conf"
sed '/^\[file/,/^$/d; /^\[workload kv\]/,$d; s/ workload.kv.rate//' "$short" >"$DIR/anon.conf"
bad 128 "guest tiny has 16 MiB on its first node; kernel .* needs about [0-9]+ MiB" \
	"$WRINGER" run -k 6.12 -g "$DIR/tiny.conf" -s "$DIR/anon.conf"

# An unknown key, with its place.
sed 's/^pattern = zipf/patern = zipf/' "$short" >"$DIR/typo.conf"
line=$(grep -n patern "$DIR/typo.conf" | cut -d: -f1)
bad 128 "typo.conf:$line: unknown key 'patern' in \[workload anon\]" "$WRINGER" run -k 6.12 -s "$DIR/typo.conf"

# A device that the kernel has no driver for: a bare bzImage comes without modules.
image=$("$WRINGER" kernel show 6.12 --json | grep '"folder"' | head -n 1 | cut -d'"' -f4)/vmlinuz
bad 128 "scenario short on guest two: .*(sd_mod|scsi_debug).*modules" "$WRINGER" run -k "$image" -g two -s "$short"

# Files that do not fit on the guest's data device.
sed 's/^size = 16M/size = 900M/' "$short" >"$DIR/big.conf"
bad 128 "900 MiB of files; they do not fit" "$WRINGER" run -k 6.12 -s "$DIR/big.conf"

bad 128 "starts with 'abcdef'" "$WRINGER" replay abcdef
bad 129 "nothing to compare: 0 arms" "$WRINGER" compare

# A knob that this kernel refuses ends the experiment with the reason.
printf '\n[set]\n/sys/kernel/mm/nonesuch = 1\n' | cat "$short" - >"$DIR/knob.conf"
expect 1 "$WRINGER" run -k 6.12 -g two -p lru -s "$DIR/knob.conf" -n 1
said "setup-failed: .*cannot open /sys/kernel/mm/nonesuch: No such file or directory"
no_emulators
nothing_half_written
