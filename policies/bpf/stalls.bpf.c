// SPDX-License-Identifier: GPL-2.0-only
/*
 * An observer: who stalled whom, holding which kind of lock.  It changes nothing.
 *
 * A task that waits for a lock waits for the task that holds it, and that one may be in direct reclaim
 * meanwhile: the time for which both is so is the time that reclaim has cost the waiting one, who asked for no
 * memory.  The holder is the lock's own idea of it, read when the wait begins: of readers it is the last.
 * Beside that, the time that tasks spend in direct reclaim themselves, and that the kernel itself counts as
 * stalled for memory (psi).
 */
#include "policies/bpf/policy.h"

/* include/trace/events/lock.h */
#define LCB_SPIN   1
#define LCB_READ   2
#define LCB_WRITE  4
#define LCB_PERCPU 16
#define LCB_MUTEX  32
/* Low bits of an owner are flags. */
#define OWNER_MASK (~7ull)

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct rw_semaphore {
	atomic_long_t owner;
};

struct mutex {
	atomic_long_t owner;
};

struct mm_struct {
	struct rw_semaphore mmap_lock;
};

/* More of task_struct than policy.h has. */
struct task_struct___mm {
	struct mm_struct *mm;
};

#pragma clang attribute pop

STAT(lock_ns);        /* waited for locks */
STAT(lock_reclaim_ns); /* of that, while the holder was in direct reclaim */
STAT(reclaim_ns);     /* in direct reclaim */
STAT(stall_ns);       /* as psi has it */
STAT(untold);         /* waits that found no room in the table */

enum what { MMAP_LOCK, RWSEM, MUTEX, OTHER, RECLAIM, STALL };

struct key {
	char waiter[16];
	char holder[16];
	char what[12];
};

struct value {
	__u64 times, ns, holder_reclaim_ns, worst_ns;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, struct key);
	__type(value, struct value);
} table_waits SEC(".maps");

struct task {
	__u64 reclaim_since; /* 0: it is in none */
	__u64 reclaim_ns;    /* in all */
	__u64 stall_since;
	__u64 wait_since; /* 0: for no lock */
	__u64 lock;       /* its address: locks that spin end their waits too */
	__u64 holder_ns;  /* that one's reclaim when the wait began */
	__u32 depth;      /* psi's nest */
	__u32 holder;     /* 0: nobody */
	char holder_comm[16];
	__u32 what;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, __u32);
	__type(value, struct task);
} tasks SEC(".maps");

static __always_inline struct task *task_of(__u32 pid)
{
	static const struct task none;
	struct task *t = bpf_map_lookup_elem(&tasks, &pid);

	if (t)
		return t;
	bpf_map_update_elem(&tasks, &pid, &none, BPF_NOEXIST);
	return bpf_map_lookup_elem(&tasks, &pid);
}

static __always_inline struct task *current_task(void)
{
	return task_of((__u32)bpf_get_current_pid_tgid());
}

/* Of a task, up to now. */
static __always_inline __u64 reclaim_of(__u32 pid, __u64 now)
{
	struct task *t = pid ? bpf_map_lookup_elem(&tasks, &pid) : NULL;

	if (!t)
		return 0;
	return t->reclaim_ns + (t->reclaim_since ? now - t->reclaim_since : 0);
}

static __always_inline void name(char *out, enum what what)
{
	static const char names[][12] = {"mmap_lock", "rwsem", "mutex", "other", "reclaim", "stall"};

	__builtin_memcpy(out, names[what <= STALL ? what : OTHER], sizeof(names[0]));
}

static __always_inline void tell(struct task *t, enum what what, __u64 ns, __u64 holder_reclaim_ns)
{
	struct value first = {1, ns, holder_reclaim_ns, ns}, *v;
	struct key key = {.holder = "-"};

	bpf_get_current_comm(key.waiter, sizeof(key.waiter));
	if (what < RECLAIM && t->holder)
		__builtin_memcpy(key.holder, t->holder_comm, sizeof(key.holder));
	name(key.what, what);
	v = bpf_map_lookup_elem(&table_waits, &key);
	if (!v) {
		if (bpf_map_update_elem(&table_waits, &key, &first, BPF_NOEXIST))
			count(untold, 1);
		return;
	}
	count(v->times, 1);
	count(v->ns, ns);
	count(v->holder_reclaim_ns, holder_reclaim_ns);
	if (ns > v->worst_ns)
		v->worst_ns = ns;
}

static __always_inline __u64 owner_of(void *lock, __u32 flags)
{
	if (flags & LCB_MUTEX)
		return (__u64)BPF_CORE_READ((struct mutex *)lock, owner.counter);
	if (flags & (LCB_READ | LCB_WRITE) && !(flags & LCB_PERCPU))
		return (__u64)BPF_CORE_READ((struct rw_semaphore *)lock, owner.counter);
	return 0;
}

static __always_inline enum what kind_of(void *lock, __u32 flags)
{
	struct task_struct___mm *self = (void *)bpf_get_current_task();
	struct mm_struct *mm;

	if (flags & LCB_MUTEX)
		return MUTEX;
	if (!(flags & (LCB_READ | LCB_WRITE)) || flags & LCB_PERCPU)
		return OTHER;
	mm = BPF_CORE_READ(self, mm);
	return mm && lock == (void *)&mm->mmap_lock ? MMAP_LOCK : RWSEM;
}

SEC("tp_btf/contention_begin")
int BPF_PROG(wait_begins, void *lock, __u32 flags)
{
	struct task *t = is_ours() ? current_task() : NULL;
	struct task_struct *holder;
	__u64 now = bpf_ktime_get_ns();

	/* Mutexes spin before they sleep, and begin twice; a lock that only spins is none of ours. */
	if (!t || t->wait_since || (flags & LCB_SPIN && !(flags & LCB_MUTEX)))
		return 0;
	holder = (struct task_struct *)(owner_of(lock, flags) & OWNER_MASK);
	t->holder = holder ? (__u32)BPF_CORE_READ(holder, pid) : 0;
	if (holder)
		bpf_probe_read_kernel(t->holder_comm, sizeof(t->holder_comm), &holder->comm);
	t->holder_ns = reclaim_of(t->holder, now);
	t->what = kind_of(lock, flags);
	t->lock = (__u64)lock;
	t->wait_since = now;
	return 0;
}

SEC("tp_btf/contention_end")
int BPF_PROG(wait_ends, void *lock)
{
	struct task *t = is_ours() ? current_task() : NULL;
	__u64 now = bpf_ktime_get_ns(), ns, behind;

	if (!t || !t->wait_since || t->lock != (__u64)lock)
		return 0;
	ns = now - t->wait_since;
	behind = reclaim_of(t->holder, now) - t->holder_ns;
	behind = behind < ns ? behind : ns;
	t->wait_since = 0;
	count(lock_ns, ns);
	count(lock_reclaim_ns, behind);
	tell(t, t->what, ns, behind);
	return 0;
}

static __always_inline int reclaim_begins(void)
{
	/* Of all tasks: whoever waits for them may be ours. */
	struct task *t = current_task();

	if (t)
		t->reclaim_since = bpf_ktime_get_ns();
	return 0;
}

static __always_inline int reclaim_ends(void)
{
	struct task *t = current_task();
	__u64 ns;

	if (!t || !t->reclaim_since)
		return 0;
	ns = bpf_ktime_get_ns() - t->reclaim_since;
	t->reclaim_since = 0;
	t->reclaim_ns += ns;
	if (!is_ours())
		return 0;
	count(reclaim_ns, ns);
	tell(t, RECLAIM, ns, 0);
	return 0;
}

SEC("fentry/try_to_free_pages")
int BPF_PROG(node_begins)
{
	return reclaim_begins();
}

SEC("fexit/try_to_free_pages")
int BPF_PROG(node_ends)
{
	return reclaim_ends();
}

SEC("fentry/try_to_free_mem_cgroup_pages")
int BPF_PROG(cgroup_begins)
{
	return reclaim_begins();
}

SEC("fexit/try_to_free_mem_cgroup_pages")
int BPF_PROG(cgroup_ends)
{
	return reclaim_ends();
}

SEC("fentry/psi_memstall_enter")
int BPF_PROG(stall_begins)
{
	struct task *t = is_ours() ? current_task() : NULL;

	if (t && !t->depth++)
		t->stall_since = bpf_ktime_get_ns();
	return 0;
}

SEC("fexit/psi_memstall_leave")
int BPF_PROG(stall_ends)
{
	struct task *t = is_ours() ? current_task() : NULL;
	__u64 ns;

	if (!t || !t->depth || --t->depth)
		return 0;
	ns = bpf_ktime_get_ns() - t->stall_since;
	count(stall_ns, ns);
	tell(t, STALL, ns, 0);
	return 0;
}

char _license[] SEC("license") = "GPL";
