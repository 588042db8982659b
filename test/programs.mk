# Test programs that need no server: unit tests and fuzz targets, linked with
# the core, sanitizers on.  Called by test/run.
#
# Unit tests are built by gcc and fuzz targets by clang, so that every line of
# the core meets the sanitizers of both.

UNIT_CC ?= gcc
FUZZ_CC ?= clang
BUILD = .build

COMMON = -std=gnu11 -Wall -Wextra -Werror -Wdeclaration-after-statement -g -O1 \
	-fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all \
	-Isrc -Itest/unit -MMD -MP

# Without libFuzzer a small driver of our own runs the corpus and random changes of it.
FUZZER := $(shell echo 'int LLVMFuzzerTestOneInput(const char *, long); \
	int LLVMFuzzerTestOneInput(const char *a, long n) { return n > 9 && a[0] ? 0 : 0; }' | \
	$(FUZZ_CC) -fsanitize=fuzzer,address -x c - -o /dev/null >/dev/null 2>&1 && echo yes)
ifeq ($(FUZZER),yes)
FUZZ_COMPILE = $(FUZZ_CC) $(COMMON) -fsanitize=fuzzer-no-link
FUZZ_LINK = $(FUZZ_CC) -fsanitize=fuzzer,address,undefined
else
FUZZ_COMPILE = $(UNIT_CC) $(COMMON)
FUZZ_LINK = $(UNIT_CC) -fsanitize=address,undefined $(BUILD)/fuzz/driver.o
endif

CORE = $(sort $(wildcard src/core/*.c))
UNITS = $(patsubst test/unit/%.c,$(BUILD)/unit/%,$(sort $(wildcard test/unit/*_test.c)))
FUZZES = $(patsubst test/fuzz/%.c,$(BUILD)/fuzz/%,$(sort $(wildcard test/fuzz/*_fuzz.c)))
UNIT_CORE = $(patsubst src/core/%.c,$(BUILD)/unit/core/%.o,$(CORE))
FUZZ_CORE = $(patsubst src/core/%.c,$(BUILD)/fuzz/core/%.o,$(CORE))

.PHONY: unit fuzz
.SECONDARY:
unit: $(UNITS)
fuzz: $(FUZZES)

$(shell mkdir -p $(BUILD)/unit/core $(BUILD)/fuzz/core)

# libraries, so that a test of one subject links what it needs
$(BUILD)/unit/core.a: $(UNIT_CORE)
$(BUILD)/fuzz/core.a: $(FUZZ_CORE)
%.a:
	rm -f $@ && ar rcs $@ $^

$(BUILD)/unit/core/%.o: src/core/%.c
	$(UNIT_CC) $(COMMON) -c $< -o $@
$(BUILD)/unit/%.o: test/unit/%.c
	$(UNIT_CC) $(COMMON) -c $< -o $@
$(BUILD)/unit/%_test: $(BUILD)/unit/%_test.o $(BUILD)/unit/core.a
	$(UNIT_CC) -fsanitize=address,undefined $^ -lexpat -lcrypto -lm -o $@

$(BUILD)/fuzz/core/%.o: src/core/%.c
	$(FUZZ_COMPILE) -c $< -o $@
$(BUILD)/fuzz/%.o: test/fuzz/%.c
	$(FUZZ_COMPILE) -c $< -o $@
$(BUILD)/fuzz/%_fuzz: $(BUILD)/fuzz/%_fuzz.o $(BUILD)/fuzz/core.a $(if $(FUZZER),,$(BUILD)/fuzz/driver.o)
	$(FUZZ_LINK) $< $(BUILD)/fuzz/core.a -lexpat -lcrypto -lm -o $@

-include $(wildcard $(BUILD)/unit/*.d $(BUILD)/unit/core/*.d $(BUILD)/fuzz/*.d $(BUILD)/fuzz/core/*.d)
