#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Devices are what their models say: latency seen by the guest's block layer, its distribution,
# bandwidth and queue within 10 %; memory compresses as far as asked; every file system holds data.
# K=VERSION tests another kernel, from 6.12 on (6.1 has FUSE as a module, and its scsi_debug is slower).
# shellcheck source=tests/vm/lib.sh
. tests/vm/lib.sh

: "${K:=6.12}"

# guest NAME: the sections of storage on stdin.
guest()
{
	{
		printf '[guest]\ntitle = %s\n[node 0]\nmemory = 320M\ncpus = 1\n' "$1"
		cat
	} >"$DIR/$1.conf"
}

# scenario NAME WINDOW: files and workloads on stdin.
scenario()
{
	{
		printf '[scenario]\ntitle = %s\nwarmup = 100ms\nwindow = %s\nsample = 0\n' "$1" "$2"
		cat
	} >"$DIR/$1.conf"
}

# value SCENARIO METRIC
value()
{
	id=$("$WRINGER" show -s "$1" --json | sed -n 's/.*"id": "\(.*\)".*/\1/p' | head -n 1)
	awk -v name="\"name\": \"$2\"" 'index($0, name) { found = 1 }
		found && /"value"/ { gsub(/[^0-9]/, "", $2); print $2; exit }' \
		"$WRINGER_RESULTS/$id/result.json"
}

# near WHAT GOT WANT: within 10 %.
near()
{
	echo "$1: $2, declared $3"
	[ -n "$2" ] || fail "there is no $1"
	if [ $(($2 * 10)) -lt $(($3 * 9)) ] || [ $(($2 * 10)) -gt $(($3 * 11)) ]; then
		fail "$1 is $2, not within 10 % of $3"
	fi
}

# quantile SCENARIO WORKLOAD DEVICE QUANTILE: of the device alone.  What a system call adds to each
# request is the difference of the means.
quantile()
{
	app=$(value "$1" "workload.$2.latency.mean_ns")
	dev=$(value "$1" "device.$3.read_mean_ns")
	echo $(($(value "$1" "workload.$2.latency.$4_ns") - app + dev))
}

guest timed <<'END'
[swap]
model = ssd
size = 32M
[swap 2]
model = nvme-fast
size = 32M
[swap 3]
model = disk
size = 32M
[swap 4]
model = throttled
size = 32M
[data]
model = ssd
size = 32M
END
scenario ssd-swap 500ms <<'END'
[workload w]
type = io
device = sda
END
scenario nvme 300ms <<'END'
[workload w]
type = io
device = nullb0
END
scenario ssd-data 500ms <<'END'
[file f]
size = 16M
[workload w]
type = io
file = f
write = 0.3
END
scenario slow 2s <<'END'
[workload disk]
type = io
device = nullb1
[workload throttled]
type = io
device = nullb2
END
scenario many 1s <<'END'
[workload disk]
type = io
device = nullb1
threads = 8
[workload throttled]
type = io
device = nullb2
threads = 8
block = 64K
pattern = sequential
END
scenario stream 1s <<'END'
[workload disk]
type = io
device = nullb1
threads = 4
block = 1M
pattern = sequential
END
# shellcheck disable=SC2086 # no blanks in these
expect 0 "$WRINGER" run -k $K -g "$DIR/timed.conf" -p lru -n 1 -s "$DIR/ssd-swap.conf" \
	-s "$DIR/nvme.conf" -s "$DIR/ssd-data.conf" -s "$DIR/slow.conf" -s "$DIR/many.conf" \
	-s "$DIR/stream.conf"

near "ssd swap, mean" "$(value ssd-swap device.swap.read_mean_ns)" 40000
near "ssd swap, median" "$(quantile ssd-swap w swap p50)" 40000
near "ssd swap, p99" "$(quantile ssd-swap w swap p99)" 79200
near "nvme-fast, mean" "$(value nvme device.swap-2.read_mean_ns)" 12000
near "ssd data, mean" "$(value ssd-data device.data.read_mean_ns)" 80000
near "ssd data, mean of writes" "$(value ssd-data device.data.write_mean_ns)" 80000
near "ssd data, median" "$(quantile ssd-data w data p50)" 80000
near "ssd data, p99" "$(quantile ssd-data w data p99)" 80000
near "disk, mean" "$(value slow device.swap-3.read_mean_ns)" 4000000
near "disk, p99" "$(quantile slow disk swap-3 p99)" 4000000
near "throttled, mean" "$(value slow device.swap-4.read_mean_ns)" 500000
# Eight at a time, of which the disk takes two: 2 / 4 ms.
near "disk, requests a second" "$(value many workload.disk.rate)" 500
near "throttled, KiB a second" "$(value many device.swap-4.read_kib)" $((50 * 1024))
near "disk, KiB a second" "$(value stream device.swap-3.read_kib)" $((100 * 1024))

# Half of each page is noise; zram says what became of it.
guest compressed <<'END'
[swap]
model = zram
size = 64M
priority = 1
[swap 2]
model = zram
size = 64M
algorithm = zstd
priority = 2
[data]
model = tmpfs
size = 16M
END
for share in 0.75 0.5; do
	scenario "zram-$share" 500ms <<END
[set]
/sys/kernel/mm/transparent_hugepage/enabled = never
[file f]
size = 8M
[cgroup a]
memory.max = 16M
[workload a]
type = anon
cgroup = a
size = 48M
compress = $share
[workload s]
type = scan
file = f
END
done
expect 0 "$WRINGER" run -k "$K" -g "$DIR/compressed.conf" -p lru -n 1 -s "$DIR/zram-0.75.conf" \
	-s "$DIR/zram-0.5.conf"
for share in 75 50; do
	stored=$(value "zram-0.${share%0}" device.swap-2.stored)
	[ "$stored" -gt $((8 << 20)) ] || fail "only $stored bytes in the second, preferred zram"
	near "zram, compress = 0.$share, size in a thousandth" \
		$(($(value "zram-0.${share%0}" device.swap-2.compressed) * 1000 / stored)) \
		$((1000 - share * 10))
done

# Swap on pmem and in a file, data on xfs; what is read is what was written.
guest others <<'END'
[swap]
model = pmem
size = 16M
[swap 2]
model = file
size = 16M
priority = 5
[data]
model = nvme-fast
size = 64M
fs = xfs
END
scenario both 500ms <<'END'
[set]
/sys/kernel/mm/transparent_hugepage/enabled = never
[file f]
size = 16M
[cgroup a]
memory.max = 24M
[workload a]
type = anon
cgroup = a
size = 40M
[workload s]
type = scan
cgroup = a
file = f
END
expect 0 "$WRINGER" run -k "$K" -g "$DIR/others.conf" -p lru -n 1 -s "$DIR/both.conf"
[ "$(value both swap.in)" -gt 0 ] || fail "nothing was swapped in"
grep -h '"swaps"' "$WRINGER_RESULTS"/*/result.json | grep -q '/dev/pmem0 .*;/data/.swap-2 .* file .*  5"' ||
	fail "swap is not on pmem and in a file"

# A kernel without modules does what it can, and says what that is.
image=$("$WRINGER" kernel show "$K" --json | grep '"folder"' | head -n 1 | cut -d'"' -f4)/vmlinuz
expect 128 "$WRINGER" run -k "$image" -g "$DIR/others.conf" -p lru -n 1 -s "$DIR/both.conf"
said "came without any modules: do without devices \(guest bare:"
scenario bare 500ms <<'END'
[file f]
size = 16M
[cgroup a]
memory.max = 12M
[workload s]
type = scan
cgroup = a
file = f
END
scenario bare-io 500ms <<'END'
[file f]
size = 16M
[workload w]
type = io
file = f
END
expect 0 "$WRINGER" run -k "$image" -g bare -p lru -n 1 -s "$DIR/bare.conf" -s "$DIR/bare-io.conf"
[ "$(value bare cgroup.a.refault.file)" -gt 0 ] || fail "no refaults of files served by FUSE"
near "fuse, mean of a direct read" "$(value bare-io workload.w.latency.mean_ns)" 80000
nothing_half_written
