// SPDX-License-Identifier: GPL-2.0-only
/*
 * Goes wrong in the kernel on purpose: what the harness makes of it is tested with this.
 *
 * Writing a word to /sys/module/mishap/parameters/now does what the table below says, at once and
 * in the writer's context.  Needs nothing beyond what every kernel since 6.1 exports.
 */
#include <linux/irqflags.h>
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/mm.h>
#include <linux/nmi.h>
#include <linux/preempt.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/string.h>

static noinline void mishap_oops(void)
{
	*(volatile int *)8 = 1;
}

static noinline void mishap_gpf(void)
{
	*(volatile int *)0xdead000000000100ul = 1;
}

static noinline void mishap_bug(void)
{
	BUG();
}

static noinline void mishap_warn(void)
{
	WARN_ON(1);
}

static noinline void mishap_badpage(void)
{
	struct page *page = alloc_page(GFP_KERNEL);

	/* A page that is freed while it still says whose mapping it is in. */
	page->mapping = (void *)page;
	__free_page(page);
}

static noinline void mishap_atomic(void)
{
	preempt_disable();
	schedule();
	preempt_enable();
}

/*
 * A CPU that waits instead of spinning: to the detectors it is the same, and an emulator whose
 * clock counts instructions gets there at once.
 */
static noinline void mishap_softlockup(void)
{
	preempt_disable();
	for (;;)
		asm volatile("hlt");
}

static noinline void mishap_hardlockup(void)
{
	local_irq_disable();
	for (;;)
		asm volatile("hlt");
}

/* One grace period after the other, so that one is under way when the CPU is taken. */
static void again(struct rcu_head *head)
{
	call_rcu(head, again);
}

static noinline void mishap_rcustall(void)
{
	static struct rcu_head head;

	call_rcu(&head, again);
	schedule_timeout_uninterruptible(HZ / 10);
	rcu_read_lock();
	for (;;) {
		touch_softlockup_watchdog();
		asm volatile("hlt");
	}
}

static noinline void mishap_hungtask(void)
{
	set_current_state(TASK_UNINTERRUPTIBLE);
	schedule_timeout(60 * HZ);
}

static noinline void mishap_triplefault(void)
{
	static const struct {
		u16 limit;
		u64 base;
	} __packed empty;

	asm volatile("lidt %0\n\tint3" : : "m"(empty));
}

static noinline void mishap_panic(void)
{
	panic("mishap");
}

static noinline void mishap_printk(void)
{
	int i;

	for (i = 0; i < 100000; i++)
		pr_err("%d: this is one of very many lines, each of which is far too long to be told\n", i);
}

static const struct {
	const char *name;
	void (*run)(void);
} mishaps[] = {
	{"oops", mishap_oops},
	{"gpf", mishap_gpf},
	{"bug", mishap_bug},
	{"warn", mishap_warn},
	{"badpage", mishap_badpage},
	{"atomic", mishap_atomic},
	{"softlockup", mishap_softlockup},
	{"hardlockup", mishap_hardlockup},
	{"rcustall", mishap_rcustall},
	{"hungtask", mishap_hungtask},
	{"triplefault", mishap_triplefault},
	{"panic", mishap_panic},
	{"printk", mishap_printk},
};

static int now_set(const char *val, const struct kernel_param *kp)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(mishaps); i++) {
		if (!sysfs_streq(val, mishaps[i].name))
			continue;
		mishaps[i].run();
		return 0;
	}
	return -EINVAL;
}

static const struct kernel_param_ops now_ops = {.set = now_set};
module_param_cb(now, &now_ops, NULL, 0200);
MODULE_PARM_DESC(now, "what goes wrong now");
MODULE_DESCRIPTION("goes wrong on purpose");
MODULE_LICENSE("GPL");
