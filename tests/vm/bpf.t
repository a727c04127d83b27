[ "$(grep -c "^# experiment" "$DIR/out")" = 3 ] || fail "not the three that there can be"
#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# BPF objects of a policy: attached on unpatched kernels they do what they say; what cannot be attached,
# or is lost on the way, is policy-lost with the reason, never a result of plain MGLRU.
# shellcheck source=tests/vm/lib.sh
. tests/vm/lib.sh

scenario=$HERE/scenarios/bpf.conf

# run ARG...: on a small guest.
run()
{
	"$WRINGER" run -g small -s "$scenario" -n 1 "$@"
}

# id_of KERNEL-PREFIX POLICY
id_of()
{
	"$WRINGER" show -p "$2" --json | jq -r --arg k "$1" '.[] | select(.kernel | startswith($k)) | .id'
}

# above FILE METRIC NUMBER: the result's metric is.
above()
{
	jq -e --arg m "$2" --argjson n "$3" '.metrics[] | select(.name == $m) | .value > $n' "$1" >"$DIR/jq" ||
		fail "$2 is not above $3: $(grep -A3 "$2" "$1")"
}

expect 0 run -k 6.12,7.2,newest -p bpf:senpai,bpf:background,bpf:aging,bpf:refault
[ "$(results | wc -l)" = 12 ] || fail "not twelve results"
for result in "$WRINGER_RESULTS"/*/result.json; do
	spec=${result%/result.json}/spec.json
	case $(jq -r .policy.name "$spec") in
	bpf:senpai) above "$result" policy.senpai@service.stalled_ns 1000000 ;;
	bpf:background)
		above "$result" policy.background@service.crossed 0
		above "$result" policy.background@service.requests_done 0
		;;
	bpf:aging) above "$result" policy.aging@batch.requests_done 2 ;;
	bpf:refault) above "$result" policy.refault.taken_bytes 4095 ;;
	esac
	jq -e '[.metrics[] | select(.name | test("^policy.*requests_dropped$")) | .value] | add == 0' \
		"$result" >"$DIR/jq" || fail "requests were dropped: $result"
done

# The observer: a writer waits for the file's lock, which the other holds while it reclaims.
expect 0 "$WRINGER" run -k 6.12,newest -g one -s tests/vm/scenarios/stalls.conf -p bpf:stalls -n 1
for result in $("$WRINGER" show -p bpf:stalls --json | jq -r '.[].id'); do
	result=$WRINGER_RESULTS/$result/result.json
	jq -e '[.tables["stalls.table_waits"][] | select(.what == "rwsem" and .waiter == "fio" and .holder == "fio")] |
		length == 1 and (.[0] | .holder_reclaim_ns > 0 and .holder_reclaim_ns < .ns and .worst_ns <= .ns)' \
		"$result" >"$DIR/jq" || fail "nobody waited behind reclaim: $(jq -c .tables "$result")"
	jq -e '([.tables["stalls.table_waits"][] | select(.holder != "-") | .ns] | add) as $told |
		.metrics[] | select(.name == "policy.stalls.lock_ns") | .value >= $told' \
		"$result" >"$DIR/jq" || fail "the table tells of more than was waited"
	above "$result" policy.stalls.reclaim_ns 1000000
done

# The same bytes again.
id=$(basename "$(results | head -n 1)")
expect 0 "$WRINGER" replay "$id"

# made NAME TEXT: compiles a program that the rest of the policy NAME.conf is around.
made()
{
	{
		printf '#include "policies/bpf/policy.h"\n'
		cat
		printf 'char _license[] SEC("license") = "GPL";\n'
	} >"$DIR/$1.bpf.c"
	expect 0 "$WRINGER" policy build "$DIR/$1.bpf.c"
	printf '[policy]\ntitle = %s\n[bpf %s]\n%s\n' "$1" "$1" "${2-}" >"$DIR/$1.conf"
}

# lost NAME REASON: it is, for that.
lost()
{
	expect 1 run -k 6.12 -p "$DIR/$1.conf"
	said "policy-lost: .*$2"
}

made wild <<'E'
SEC("fentry/workingset_refault")
int BPF_PROG(wild, void *folio)
{
	return *(volatile int *)(((long)folio & 0xff) + (long)bpf_get_current_task());
}
E
lost wild 'wild: the kernel does not take the object'
id=$(id_of 6.12 bpf:wild)
grep -q '^== wild$' "$WRINGER_RESULTS/$id/policy.log" || fail "the log does not say whose it is"
grep -q 'bitwise operator.*prohibited' "$WRINGER_RESULTS/$id/policy.log" || fail "there is no word of the verifier's"

made nowhere <<'E'
SEC("fentry/no_such_function_at_all")
int BPF_PROG(nowhere)
{
	return 0;
}
E
lost nowhere 'nowhere: the kernel does not take the object'
grep -q no_such_function_at_all "$WRINGER_RESULTS/$(id_of 6.12 bpf:nowhere)/policy.log" ||
	fail "the log does not name the function"

made typo 'var.speed = 3' <<'E'
SEC("fentry/workingset_refault")
int BPF_PROG(typo)
{
	return 0;
}
E
lost typo 'the object has no variable speed'

# One that fails in the middle of a run is seen at its end.
made failing <<'E'
const volatile __u64 period_us = 50000;

SEC("syscall")
int tick(void *ctx)
{
	return -5;
}
E
lost failing 'its program tick failed: Input/output error'

# One whose loader is killed.
made dying <<'E'
const volatile __u64 period_us = 50000;

SEC("fentry/bpf_prog_test_run_syscall")
int BPF_PROG(dying)
{
	bpf_send_signal(9);
	return 0;
}

SEC("syscall")
int tick(void *ctx)
{
	return 0;
}
E
lost dying 'dying: its loader was gone'

# A table of what was seen, in the result.
made seen <<'E'
struct key {
	char comm[16];
	__u32 level;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 64);
	__type(key, struct key);
	__type(value, __u64);
} table_refaults SEC(".maps");

SEC("fentry/workingset_refault")
int BPF_PROG(seen)
{
	struct key key = {.level = cgroup_level};
	__u64 one = 1, *n;

	bpf_get_current_comm(key.comm, sizeof(key.comm));
	n = bpf_map_lookup_elem(&table_refaults, &key);
	if (n)
		__sync_fetch_and_add(n, 1);
	else
		bpf_map_update_elem(&table_refaults, &key, &one, BPF_NOEXIST);
	return 0;
}
E
expect 0 run -k 6.12 -p "$DIR/seen.conf"
jq -e '.tables["seen.table_refaults"][0] | .value > 0 and .level == 0 and (.comm | type == "string")' \
	"$WRINGER_RESULTS/$(id_of 6.12 bpf:seen)/result.json" >"$DIR/jq" || fail "no table"

# A policy of one's own, from one of those that there are.
(cd "$DIR" && expect 0 "$WRINGER" policy new mine --like senpai && expect 0 "$WRINGER" policy build mine.bpf.c)
expect 0 run -k 6.12 -p "$DIR/mine.conf"
above "$WRINGER_RESULTS/$(id_of 6.12 bpf:mine)/result.json" policy.mine@service.stalled_ns 1000000
"$WRINGER" show -p "$DIR/mine.conf" --json | jq -e "length == 1" >"$DIR/jq" || fail "a policy is not found by its file"
(cd "$DIR" && expect 128 "$WRINGER" policy new mine)
said "there is a file mine.bpf.c already"
expect 128 "$WRINGER" policy new "$DIR/x"
said "is no name for a policy"
printf "int x\n" >"$DIR/broken.bpf.c"
expect 128 "$WRINGER" policy build "$DIR/broken.bpf.c"
said "broken.bpf.c does not compile"

# One that chooses what is reclaimed, on a kernel that does not let it.
expect 1 run -k 6.12 -p bpf:mru
said "policy-lost: .*mru@service: the kernel does not take the object"
grep -q "bpf_reclaim_ext.*not found in kernel" "$WRINGER_RESULTS/$(id_of 6.12 bpf:mru)/policy.log" ||
	fail "the log does not say what is missing"

# What cannot be asked.
printf 'no ELF\n' >"$DIR/text.bpf.o"
printf '[policy]\ntitle = text\n[bpf text]\n' >"$DIR/text.conf"
lost text 'text: the object is none of BPF'
printf '[policy]\ntitle = none\n[bpf none]\n' >"$DIR/none.conf"
expect 128 run -k 6.12 -p "$DIR/none.conf"
said 'there is no .*/none.bpf.o'
printf '[policy]\ntitle = x\n[bpf seen]\ncgroup = elsewhere\n' >"$DIR/else.conf"
expect 128 run -k 6.12 -p "$DIR/else.conf"
said 'is for cgroup elsewhere, and scenario bpf has no such cgroup'
# Asked of several scenarios it is left out where its cgroups are not, and that is said.
printf '[scenario]\ntitle = x\nwindow = 1s\n[workload a]\ntype = anon\nsize = 8M\n' >"$DIR/bare.conf"
expect 0 "$WRINGER" run -k 6.12 -g small -p lru,bpf:senpai -s "$scenario,$DIR/bare.conf" -n 1 --dry-run
said '^bare: left out for policy bpf:senpai'
[ "$(grep -c "^# experiment" "$DIR/out")" = 3 ] || fail "not the three that there can be"
expect 128 "$WRINGER" run -k 6.12 -g small -p bpf:senpai -s "$DIR/bare.conf" -n 1
said 'is for cgroup \*, and scenario bare has no cgroup'
printf '[policy]\ntitle = x\n[bpf seen]\nvar. = 2\n' >"$DIR/else.conf"
expect 128 run -k 6.12 -p "$DIR/else.conf"
said 'else.conf:4: a variable is written var.NAME'
{
	cat "$scenario"
	printf '[step s]\nat = 600ms\npolicy = bpf:aging\n'
} >"$DIR/step.conf"
expect 128 "$WRINGER" run -k 6.12 -g small -s "$DIR/step.conf" -n 1 -p mglru
said "policy 'bpf:aging' has BPF objects, which a step cannot attach"
