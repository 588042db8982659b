# billing: builds the extension, assembles its SQL, runs every kind of test.
#
#	make				the library and the extension script
#	make install		into the directories of PG_CONFIG's server
#	make test			installs what is missing, runs every test
#	make soak			the same, with more time: 100,000 random bills of each kind, long fuzzing
#	make demo			installs what is missing, shows what it can do
#
# The server is that of PG_CONFIG; without it, Debian's PostgreSQL 15.

EXTENSION = billing
EXTVERSION = 0.1
MODULE_big = billing

PG_CONFIG ?= $(or $(wildcard /usr/lib/postgresql/15/bin/pg_config),pg_config)

# ---- sources ----

CORE_SOURCES = $(sort $(wildcard src/core/*.c))
OBJS = $(patsubst %.c,%.o,$(sort $(wildcard src/*.c)) $(CORE_SOURCES))

# Modules of the extension script, each after those it names (sql/README.md).
SQL_MODULES = install identity chain worker issue sealed profile usage market carry tariff charges rate trial print urdb intake names library vee forest forecast cluster outliers features chart
# Modules of the store that billing.install() makes, likewise.
STORE_MODULES = store org access group second_step administration customer assignment approval login seal_key market_data plan bill source supply reading register validation fold forming losses model outlook \
	sums run forecast_run verify correction draft refund claim landing inbox supply_request contact customer_list contract cutover late_fee notice invoice cycle detection anchor watch explain segment decision warehouse

SQL_SOURCES = $(wildcard sql/preamble.sql sql/schema.sql \
	$(foreach m,$(SQL_MODULES),sql/$(m)/types.sql sql/$(m)/functions.sql))
STORE_STATE = $(foreach m,$(STORE_MODULES),$(wildcard sql/$(m)/tables.sql) $(sort $(wildcard sql/$(m)/steps/*.sql)))
STORE_CODE = $(foreach kind,functions triggers views policies grants,\
	$(foreach m,$(STORE_MODULES),$(wildcard sql/$(m)/$(kind).sql) $(sort $(wildcard sql/$(m)/$(kind)/*.sql))))
STORE_SOURCES = $(STORE_STATE) $(STORE_CODE)
TARIFFS = $(sort $(wildcard contrib/tariffs/*.json contrib/tariffs/markets/*.json))

SCRIPT = $(EXTENSION)--$(EXTVERSION).sql
DATA_built = $(SCRIPT)
EXTRA_CLEAN = .build $(OBJS:.o=.d)

# ---- compiler ----

PG_CPPFLAGS = -Isrc -DBILLING_VERSION='"$(EXTVERSION)"' \
	-DPGDLLEXPORT='__attribute__((visibility("default")))'
# The server's own ICU: one copy of it in memory, one version of its tables.
SHLIB_LINK = $(or $(ICU_LIBS),-licui18n -licuuc) -lexpat -lcrypto -lm
PG_CFLAGS = -std=gnu11 -Wall -Wextra -Werror -fvisibility=hidden -MMD -MP
ifneq (,$(findstring clang,$(CC)))
# PostgreSQL hands on the flags of the compiler it was built with, gcc.
PG_CFLAGS += -Wno-unknown-warning-option -Wno-ignored-optimization-argument
endif

# Bitcode lets JIT inline our functions; none is small enough to gain by it.
ifeq ($(origin with_llvm),undefined)
override with_llvm := no
endif

# The loops over readings gain from vectors, for any CPU of the architecture.
# A product and a sum are never fused: doubles are the same on every architecture.
src/core/%.o: override CFLAGS += -O3 -ffp-contract=off

# ---- targets without a server ----

.DEFAULT_GOAL := all
.PHONY: test soak demo bench fuzz format doc lint check-unit check-regress check-isolation \
	check-pgtap check-tap check-fuzz check-doc check-reference

test:
	@test/run

soak:
	@SOAK=1 test/run

check-unit check-regress check-isolation check-pgtap check-tap check-fuzz check-doc check-reference:
	@test/run $(@:check-%=%)

lint:
	@test/run lint

fuzz:
	@SOAK=1 test/run fuzz

demo:
	@contrib/demo/run

bench:
	@test/bench/run

doc:
	@test/run --write-reference

format:
	@contrib/format

# ---- the server's rules ----

PGXS := $(wildcard $(shell $(PG_CONFIG) --pgxs 2>/dev/null))
ifeq (,$(PGXS))
all install installcheck:
	@echo 'No server headers are found by $(PG_CONFIG): run contrib/setup, or set PG_CONFIG.' >&2
	@false
else
include $(PGXS)
# Headers that are not ours may not trip -Werror.
override CPPFLAGS := $(patsubst -I/%,-isystem /%,$(CPPFLAGS))
endif

$(SCRIPT): Makefile $(SQL_SOURCES) $(STORE_SOURCES) $(TARIFFS) contrib/assemble
	contrib/assemble '$(STORE_STATE)' '$(STORE_CODE)' $(SQL_SOURCES) >$@.new && mv $@.new $@

# A source added or removed changes the assembled script as an edit does.
$(shell mkdir -p .build && echo '$(SQL_SOURCES) $(STORE_SOURCES) $(TARIFFS)' | cmp -s - .build/sources || \
	echo '$(SQL_SOURCES) $(STORE_SOURCES) $(TARIFFS)' >.build/sources)
$(SCRIPT): .build/sources

-include $(OBJS:.o=.d)
