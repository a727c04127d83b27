# SPDX-License-Identifier: GPL-2.0-only
#
# make -f tests/tests.mk B=build build-tests		from the top folder; 'make check' does it
#
# Builds the unit tests and the fuzz targets with their own, sanitized, copy of the harness.

CC ?= gcc
CLANG ?= clang
B ?= build

include flags.mk
T_CPPFLAGS := -D_GNU_SOURCE -I. -Iharness -Iguests/agent -MMD -MP
T_CFLAGS := -std=gnu11 -O1 -g -fno-omit-frame-pointer $(WARN)
SANITIZE := -fsanitize=address,undefined -fno-sanitize-recover=undefined
FUZZ := -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=undefined
FUZZ_LIB := -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=undefined

# Everything but what a program starts with: main() and the commands.
LIB_SRC := $(filter-out harness/cmd/%,$(wildcard harness/*/*.c)) $(wildcard workloads/*.c) \
	$(filter-out %/main.c,$(wildcard workloads/lib/*.c))
UNIT := $(patsubst tests/unit/%.c,$(B)/tests/%,$(wildcard tests/unit/test_*.c))
FUZZERS := $(patsubst tests/fuzz/%.c,$(B)/tests/%,$(wildcard tests/fuzz/fuzz_*.c))
ASAN_LIB := $(B)/asan/libharness.a
CLANG_LIB := $(B)/fuzz/libharness.a

ifeq ($(shell command -v $(CLANG)),)
$(error the fuzz targets need clang, which is missing; 'scripts/deps check' installs it)
endif
# cmocka.h wants the others before it.
CMOCKA := $(addprefix -include ,stdarg.h stddef.h setjmp.h stdint.h cmocka.h)
ifneq ($(shell $(CC) -E $(CMOCKA) -x c /dev/null >/dev/null 2>&1 && echo yes),yes)
$(error the unit tests need cmocka, which is missing; 'scripts/deps check' installs it)
endif

build-tests: $(UNIT) $(FUZZERS) $(B)/tests/stats_values

$(B)/asan/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(T_CPPFLAGS) $(T_CFLAGS) $(SANITIZE) -c -o $@ $<

$(B)/fuzz/%.o: %.c
	@mkdir -p $(@D)
	$(CLANG) $(T_CPPFLAGS) $(T_CFLAGS) $(FUZZ_LIB) -c -o $@ $<

# Made anew each time, so that a file that is gone is gone from here too.
$(ASAN_LIB): $(LIB_SRC:%.c=$(B)/asan/%.o)
	@rm -f $@
	ar rcs $@ $^

$(CLANG_LIB): $(LIB_SRC:%.c=$(B)/fuzz/%.o)
	@rm -f $@
	ar rcs $@ $^

$(B)/tests/test_%: $(B)/asan/tests/unit/test_%.o $(ASAN_LIB)
	@mkdir -p $(@D)
	$(CC) $(T_CFLAGS) $(SANITIZE) -o $@ $^ -lcmocka $(LDLIBS)

$(B)/tests/stats_values: $(B)/asan/tests/unit/stats_values.o $(ASAN_LIB)
	@mkdir -p $(@D)
	$(CC) $(T_CFLAGS) $(SANITIZE) -o $@ $^ $(LDLIBS)

$(B)/tests/fuzz_%: $(B)/fuzz/tests/fuzz/fuzz_%.o $(CLANG_LIB)
	@mkdir -p $(@D)
	$(CLANG) $(T_CFLAGS) $(FUZZ) -o $@ $^ $(LDLIBS)

-include $(shell find $(B)/asan $(B)/fuzz -name '*.d' 2>/dev/null)

.PHONY: build-tests
.SECONDARY:
.DELETE_ON_ERROR:
