# SPDX-License-Identifier: GPL-2.0-only
#
# make		build everything into build/
# make demo	install what is missing, build, and compare LRU with MGLRU
# make check	install what is missing, build, and run all tests
# make bench	measure costs; prints ratios, never fails
# make install	PREFIX=/usr/local, MANDIR and COMPLETIONDIR below it; DESTDIR honoured
# make uninstall	the same variables
# make dist	build/wringer-VERSION.tar.xz of the commit that is checked out; the same bytes each time
# make deb	install what is missing and make a Debian package in build/

CC ?= gcc
CLANG ?= clang
PREFIX ?= /usr/local
DESTDIR ?=
MANDIR ?= $(PREFIX)/share/man
COMPLETIONDIR ?= $(PREFIX)/share/bash-completion/completions
# What --version says, and the manual pages, the tarball and the package.
VERSION := $(shell cat VERSION)
B := build

include flags.mk
CPPFLAGS += -D_GNU_SOURCE -I. -Iharness
CFLAGS ?= -O2 -g
CFLAGS += -std=gnu11 $(WARN)

# The guest's programs are part of every experiment: their bytes must not depend on where, when or
# with which user flags they were built.
GUEST_CFLAGS := -std=gnu11 $(WARN) -O2 -ffile-prefix-map=$(CURDIR)=. -fno-ident
GUEST_LDFLAGS := -static -s -Wl,--build-id=none

ROOMS := base wire records stats trace result engine kernel image layer experiment report history selftest document farm suite bisect nightly export gc cmd
HOST_SRC := $(foreach r,$(ROOMS),$(wildcard harness/$(r)/*.c))
# Workload descriptors are the host's too; what only runs in a guest is linked but never called.
WORK_SRC := $(wildcard workloads/*.c) $(filter-out %/main.c,$(wildcard workloads/lib/*.c))
HOST_OBJ := $(patsubst %.c,$(B)/obj/%.o,$(HOST_SRC) $(WORK_SRC))
AGENT_SRC := $(wildcard guests/agent/*.c) harness/wire/wire.c workloads/lib/words.c
PROG_SRC := $(wildcard workloads/*.c workloads/lib/*.c) harness/wire/wire.c
LOADER_SRC := $(wildcard guests/bpf/*.c)
HEADERS := $(wildcard harness/*/*.h workloads/lib/*.h guests/agent/*.h guests/bpf/*.h policies/bpf/*.h)

DATA := $(B)/data/exact.so $(B)/data/probe.so $(B)/data/agent $(B)/data/workload $(B)/data/bpf $(B)/data/apt-conf \
	$(B)/data/in-toolchain \
	$(patsubst %,$(B)/data/%,$(wildcard kernel-config/*.config kernel-config/*.conf) \
		$(wildcard kernel-config/patches/*/*/*)) \
	$(patsubst guests/%,$(B)/data/guests/%,$(wildcard guests/*.conf)) \
	$(patsubst policies/%,$(B)/data/policies/%,$(wildcard policies/*.conf policies/bpf/*.conf)) \
	$(patsubst policies/%.bpf.c,$(B)/data/policies/%.bpf.o,$(wildcard policies/bpf/*.bpf.c)) \
	$(patsubst policies/%,$(B)/data/policies/%,$(wildcard policies/bpf/*.bpf.c policies/bpf/*.h)) \
	$(patsubst layers/%,$(B)/data/layers/%,$(wildcard layers/*.conf layers/*.sh)) \
	$(patsubst workloads/%,$(B)/data/%,$(wildcard workloads/scenarios/*.conf)) \
	$(patsubst suites/%,$(B)/data/suites/%,$(wildcard suites/*.conf)) \
	$(patsubst results/%,$(B)/data/%,$(wildcard results/schema/*.json)) \
	$(B)/data/schema/metric.schema.json
PAGES := $(patsubst docs/%.in,$(B)/man/%,$(wildcard docs/*.[15].in)) \
	$(patsubst docs/%,$(B)/man/%,$(wildcard docs/*.5))

all: $(B)/wringer $(DATA) $(PAGES)

$(B)/obj/harness/main.o: CPPFLAGS += -DVERSION='"$(VERSION)"'
$(B)/obj/harness/main.o: VERSION

$(B)/wringer: $(HOST_OBJ) $(B)/obj/harness/main.o
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS)

$(B)/obj/%.o: %.c $(HEADERS)
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) -c -o $@ $<

$(B)/data/agent: $(AGENT_SRC) $(HEADERS)
	@mkdir -p $(@D)
	$(CC) -D_GNU_SOURCE -I. -Iharness $(GUEST_CFLAGS) $(GUEST_LDFLAGS) -o $@ $(AGENT_SRC)

$(B)/data/workload: $(PROG_SRC) $(HEADERS)
	@mkdir -p $(@D)
	$(CC) -D_GNU_SOURCE -I. -Iharness $(GUEST_CFLAGS) $(GUEST_LDFLAGS) -o $@ $(PROG_SRC) -lm

$(B)/data/bpf: $(LOADER_SRC) $(HEADERS)
	@mkdir -p $(@D)
	$(CC) -D_GNU_SOURCE -I. $(GUEST_CFLAGS) $(GUEST_LDFLAGS) -o $@ $(LOADER_SRC) -lbpf -lelf -lz

# What an object holds is part of the experiments it is used in, as the guest's programs are.
BPF_CFLAGS := -O2 -g -target bpf -mcpu=v3 -Wall -Wextra -Werror -Wno-unused-parameter \
	-ffile-prefix-map=$(CURDIR)=. -fdebug-compilation-dir=. -I/usr/include/$(shell $(CC) -print-multiarch 2>/dev/null)

$(B)/data/policies/%.bpf.o: policies/%.bpf.c $(wildcard policies/bpf/*.h)
	@mkdir -p $(@D)
	$(CLANG) $(BPF_CFLAGS) -I. -c -o $@ $<

PLUGIN_CFLAGS := -std=gnu11 $(WARN) -O2 -fPIC -shared -s -Wl,--build-id=none -fno-ident

$(B)/data/exact.so: $(wildcard harness/engine/plugin/*.[ch]) harness/wire/fork.h
	@mkdir -p $(@D)
	$(CC) -D_GNU_SOURCE -Iharness $(PLUGIN_CFLAGS) -o $@ $(filter %.c,$^)

$(B)/data/probe.so: $(wildcard harness/engine/plugin/probe/*.[ch]) harness/engine/plugin/api.h \
		harness/wire/fork.h
	@mkdir -p $(@D)
	$(CC) -D_GNU_SOURCE -Iharness $(PLUGIN_CFLAGS) -fvisibility=hidden -o $@ $(filter %.c,$^)

$(B)/data/apt-conf: scripts/apt-conf
	@mkdir -p $(@D)
	cp $< $@

$(B)/data/in-toolchain: scripts/in-toolchain
	@mkdir -p $(@D)
	cp $< $@

$(B)/data/kernel-config/%: kernel-config/%
	@mkdir -p $(@D)
	cp $< $@

$(B)/data/guests/%: guests/%
	@mkdir -p $(@D)
	cp $< $@

$(B)/data/policies/%: policies/%
	@mkdir -p $(@D)
	cp $< $@

$(B)/data/layers/%: layers/%
	@mkdir -p $(@D)
	cp $< $@

$(B)/data/scenarios/%: workloads/scenarios/%
	@mkdir -p $(@D)
	cp $< $@

$(B)/data/suites/%: suites/%
	@mkdir -p $(@D)
	cp $< $@

$(B)/data/schema/%: results/schema/%
	@mkdir -p $(@D)
	cp $< $@

# Units and directions come from the table that results are made with.
$(B)/data/schema/metric.schema.json: $(B)/wringer
	@mkdir -p $(@D)
	$< metrics --schema > $@.tmp && mv $@.tmp $@

# A page's OPTIONS come from the table that the program parses with.
$(B)/man/%.1: docs/%.1.in $(B)/wringer
	@mkdir -p $(@D)
	scripts/man-page $(B)/wringer $< > $@.tmp && mv $@.tmp $@

$(B)/man/%.5: docs/%.5.in $(B)/wringer
	@mkdir -p $(@D)
	scripts/man-page $(B)/wringer $< > $@.tmp && mv $@.tmp $@

$(B)/man/%.5: docs/%.5 $(B)/wringer
	@mkdir -p $(@D)
	scripts/man-page $(B)/wringer $< > $@.tmp && mv $@.tmp $@

deps-demo:
	@scripts/deps demo
deps-deb:
	@scripts/deps deb
deps-check:
	@scripts/deps check

demo: deps-demo
	@$(MAKE) --no-print-directory -s -j2 all
	@scripts/demo $(B)/wringer

check: deps-check
	@$(MAKE) --no-print-directory -s -j2 all
	@$(MAKE) --no-print-directory -s -f tests/tests.mk -j2 B=$(B) build-tests
	@tests/run $(B)

bench: deps-check
	@$(MAKE) --no-print-directory -s -j2 all
	@$(MAKE) --no-print-directory -s $(B)/bench_results
	@tests/bench $(B)

$(B)/bench_results: $(B)/obj/tests/bench_results.o $(filter-out $(B)/obj/harness/cmd/%,$(HOST_OBJ))
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS)

# The program finds its data by its own place, so these two stay together.
BINDIR := $(DESTDIR)$(PREFIX)/bin
DATADIR := $(DESTDIR)$(PREFIX)/lib/wringer

install: all
	install -D -m 755 $(B)/wringer $(BINDIR)/wringer
	set -e; for file in $(DATA:$(B)/data/%=%); do \
		mode=644; [ ! -x $(B)/data/$$file ] || mode=755; \
		install -D -m $$mode $(B)/data/$$file $(DATADIR)/$$file; done
	set -e; for page in $(PAGES:$(B)/man/%=%); do \
		install -D -m 644 $(B)/man/$$page $(DESTDIR)$(MANDIR)/man$${page##*.}/$$page; done
	install -D -m 644 scripts/wringer.bash $(DESTDIR)$(COMPLETIONDIR)/wringer

uninstall:
	rm -f $(BINDIR)/wringer $(DESTDIR)$(COMPLETIONDIR)/wringer
	rm -rf $(DATADIR)
	set -e; for page in $(PAGES:$(B)/man/%=%); do \
		rm -f $(DESTDIR)$(MANDIR)/man$${page##*.}/$$page; done

# Of a commit all is fixed, the times too; xz gives the same bytes with one thread.
DIST := wringer-$(VERSION)

dist:
	@mkdir -p $(B)
	git -c tar.umask=0022 archive --format=tar --prefix=$(DIST)/ HEAD >$(B)/$(DIST).tar
	xz -9 -T1 -f $(B)/$(DIST).tar

# From the tarball, so that nothing gets in that is not in the commit; nothing is fetched.
deb: deps-deb dist
	rm -rf $(B)/deb
	mkdir -p $(B)/deb
	tar -xJf $(B)/$(DIST).tar.xz -C $(B)/deb
	cd $(B)/deb/$(DIST) && dpkg-buildpackage -b -us -uc
	cp $(B)/deb/*.deb $(B)/

clean:
	rm -rf $(B)

.PHONY: all demo check bench install uninstall dist deb clean deps-demo deps-check deps-deb
.DELETE_ON_ERROR:
