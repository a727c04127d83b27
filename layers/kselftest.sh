#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# usage: kselftest.sh DIR OUT
#
# Builds the kernel's selftests of cgroups, memory management and DAMON from the linux-source package
# in DIR, with the host's compiler and the headers and libraries of the other packages there, into
# OUT/kselftest/COLLECTION/.  Prints "missing WHAT: WHY" for each that cannot be had.
set -eu
export LC_ALL=C

dir=$1
out=$2
collections="cgroup damon mm"
work=$dir/work
mkdir -p "$work/root"

# Only what the tests and the kernel's headers are made of.
unpack_source()
{
	deb=$(echo "$dir"/linux-source-*.deb)
	name=$(basename "$deb")
	name=${name%%_*}
	dpkg-deb --fsys-tarfile "$deb" | tar -x -O -f - "./usr/src/$name.tar.xz" |
		tar -x -J -f - -C "$work" --wildcards "$name/Makefile" "$name/Kbuild" \
			"$name/arch/x86/*" "$name/include/*" "$name/scripts/*" "$name/usr/*" \
			"$name/lib/test_hmm_uapi.h" "$name/mm/gup_test.h" "$name/tools/include/*" \
			"$name/tools/lib/*" "$name/tools/scripts/*" "$name/tools/testing/selftests/*"
	src=$work/$name
}

unpack_libraries()
{
	for deb in "$dir"/lib*.deb; do
		case ${deb##*/} in
		# Built against the host's libc, run with the layer's, which is no older.
		libc6_*) ;;
		*) dpkg-deb -x "$deb" "$work/root" ;;
		esac
	done
}

# Headers and libraries come by the environment, which the tests' own makefiles leave alone.
build()
{
	mkdir -p "$work/obj/$1"
	C_INCLUDE_PATH=$work/root/usr/include \
		LIBRARY_PATH=$work/root/usr/lib/x86_64-linux-gnu:$work/root/lib/x86_64-linux-gnu \
		make -k -j2 -C "$src/tools/testing/selftests/$1" OUTPUT="$work/obj/$1" \
		CC="${CC:-gcc} -Wl,--build-id=none -ffile-prefix-map=$work=." all \
		>"$work/$1.log" 2>&1 || :
}

# VARIABLE of a collection's makefile, as a list of words.
list_of()
{
	# shellcheck disable=SC2016 # make expands it
	printf 'include Makefile\nwringer-list:\n\t@echo $(%s)\n' "$2" >"$work/list.mk"
	make -s -C "$src/tools/testing/selftests/$1" -f "$work/list.mk" OUTPUT="$work/obj/$1" \
		wringer-list 2>/dev/null | tail -n 1
}

why_not()
{
	why=$(grep -m 1 -E "^$2\.c:.*error:" "$work/$1.log" | sed -u 's/^[^ ]* //') || :
	echo "${why:-it does not build}"
}

keep_programs()
{
	for path in $(list_of "$1" TEST_GEN_PROGS) $(list_of "$1" TEST_GEN_FILES); do
		program=$(basename "$path")
		if [ -x "$work/obj/$1/$program" ]; then
			strip -o "$out/kselftest/$1/$program" "$work/obj/$1/$program"
		else
			echo "missing $1/$program: $(why_not "$1" "$program")"
		fi
	done
}

keep_scripts()
{
	for name in $(list_of "$1" TEST_PROGS) $(list_of "$1" TEST_FILES); do
		case $name in
		*.py) echo "missing $1/$name: there is no Python in the layer" ;;
		*) cp "$src/tools/testing/selftests/$1/$name" "$out/kselftest/$1/" ;;
		esac
	done
}

# Tests fork with lines in their buffers, which then come twice when they print to a pipe; kselftest's
# runner has stdbuf(1) for that.
write_linebuf()
{
	cat >"$work/linebuf.c" <<-'END'
		#include <stdio.h>
		__attribute__((constructor)) static void by_lines(void)
		{
			setvbuf(stdout, NULL, _IOLBF, 0);
		}
	END
	"${CC:-gcc}" -O2 -shared -fPIC -s -Wl,--build-id=none -o "$out/kselftest/linebuf.so" \
		"$work/linebuf.c"
}

# All that the tests ask of it; busybox has none, and that of procps needs half of systemd.
write_pgrep()
{
	cat >"$out/kselftest/pgrep" <<-'END'
		#!/bin/sh
		for word; do
			pattern=$word
		done
		found=1
		for dir in /proc/[0-9]*; do
			read -r name <"$dir/comm" 2>/dev/null || continue
			case $name in
			*"$pattern"*) echo "${dir##*/}" && found=0 ;;
			esac
		done
		exit $found
	END
	chmod 755 "$out/kselftest/pgrep"
}

# As kselftest's runner does it, which wants perl: a test's output behind "# ", then its outcome.
write_runner()
{
	cat >"$out/kselftest/run" <<-'END'
		#!/bin/sh
		# usage: run [-C FOLDER] COLLECTION:TEST[:ARGUMENT...]...
		here=$(cd "${0%/*}" && pwd) || exit 1
		folder=
		if [ "$1" = -C ]; then
			folder=$2
			shift 2
		fi
		echo "KTAP version 1"
		echo "1..$#"
		nr=0
		worst=0
		for test; do
			nr=$((nr + 1))
			collection=${test%%:*}
			rest=${test#*:}
			name=${rest%%:*}
			set -- $(echo "$rest" | tr : ' ')
			shift
			echo "# selftests: $collection: $name"
			(
				cd "${folder:-$here/$collection}" &&
					LD_PRELOAD=$here/linebuf.so "$here/$collection/$name" "$@" 2>&1
				echo $? >/tmp/code
			) | while IFS= read -r line; do echo "# $line"; done
			read -r code </tmp/code
			case $code in
			0) echo "ok $nr selftests: $collection: $name" ;;
			4) echo "ok $nr selftests: $collection: $name # SKIP" ;;
			*)
				echo "not ok $nr selftests: $collection: $name # exit=$code"
				worst=1
				;;
			esac
		done
		exit $worst
	END
	chmod 755 "$out/kselftest/run"
}

for tool in "${CC:-gcc}" make strip dpkg-deb tar xz; do
	command -v "$tool" >/dev/null || {
		echo "kselftest.sh: $tool is missing, which building tests takes" >&2
		exit 1
	}
done
unpack_source
unpack_libraries
make -C "$src" headers >"$work/headers.log" 2>&1 || {
	tail -n 1 "$work/headers.log" >&2
	exit 1
}
for collection in $collections; do
	mkdir -p "$out/kselftest/$collection"
	build "$collection"
	keep_programs "$collection"
	keep_scripts "$collection"
done
write_linebuf
write_pgrep
write_runner
