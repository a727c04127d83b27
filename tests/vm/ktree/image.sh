# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
# usage: image.sh IMAGE RELEASE TEXT OBJECT: what looks like a bzImage: a header, then text and object.
set -eu

# at OFFSET BYTES, the bytes as printf takes them
at()
{
	# shellcheck disable=SC2059 # octal
	printf "$2" | dd of="$1.new" bs=1 seek="$3" conv=notrunc status=none
}

dd if=/dev/zero of="$1.new" bs=2048 count=1 status=none
at "$1" '\003' 497              # setup sectors
at "$1" '\125\252' 510
at "$1" 'HdrS' 514
at "$1" '\000\003' 526          # version string at 0x300 + 0x200
at "$1" '\001' 529              # loaded high
at "$1" "$2 (test)" 1280
printf '%s\n' "$3" >>"$1.new"
cat "$4" >>"$1.new"
mv "$1.new" "$1"
