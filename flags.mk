# SPDX-License-Identifier: GPL-2.0-only
# What the program and its tests are both built with.
WARN := -Wall -Wextra -Werror -Wshadow -Wvla -Wmissing-prototypes -Wstrict-prototypes -Wwrite-strings
LDLIBS := -larchive -ljansson -lmd -lsqlite3 -lm
