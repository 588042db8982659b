/*
 * memory_fault.c - a server that has no memory, on demand
 *
 * Loaded into a session, it stands before the allocator of memory contexts:
 * the n-th request from now on finds no memory, and the server raises what it
 * then raises.  What error handling itself asks for it gets, as from a server
 * that has memory put by for that.
 */
#include "postgres.h"

#include <dlfcn.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fmgr.h"
#include "miscadmin.h"
#include "nodes/memnodes.h"
#include "utils/memutils.h"

PG_MODULE_MAGIC;

static void *(*real_alloc) (MemoryContext context, Size size);
static void *(*real_realloc) (MemoryContext context, void *pointer, Size size);

static int	left;				/* requests until one fails; 0: none does */
static int	requests;
static bool ours;				/* only what the extension itself asks for */
static bool failed;

static const char *extension;	/* where its code is */
static const char *extension_end;

/* the caller of palloc() and the like, two frames up, is in the extension? */
static bool
counts(const char *caller)
{
	return CritSectionCount == 0 && CurrentMemoryContext != ErrorContext && (!ours || (caller >= extension && caller < extension_end));
}

static bool
fails(const char *caller)
{
	if (!counts(caller))
		return false;
	requests++;
	if (left == 0 || --left > 0)
		return false;
	failed = true;
	return true;
}

static void *
fault_alloc(MemoryContext context, Size size)
{
	return context != ErrorContext && fails(__builtin_return_address(1)) ? NULL : real_alloc(context, size);
}

static void *
fault_realloc(MemoryContext context, void *pointer, Size size)
{
	return context != ErrorContext && fails(__builtin_return_address(1)) ? NULL : real_realloc(context, pointer, size);
}

/* all contexts share one table of methods, which nobody writes to but us */
static void
stand_before(void)
{
	MemoryContextMethods *methods = (MemoryContextMethods *) TopMemoryContext->methods;
	uintptr_t	page = (uintptr_t) sysconf(_SC_PAGESIZE);
	uintptr_t	first = (uintptr_t) methods & ~(page - 1);

	if (real_alloc != NULL)
		return;
	if (mprotect((void *) first, (uintptr_t) (methods + 1) - first, PROT_READ | PROT_WRITE) != 0)
		elog(ERROR, "the table of methods cannot be written to: %m");
	real_alloc = methods->alloc;
	real_realloc = methods->realloc;
	methods->alloc = fault_alloc;
	methods->realloc = fault_realloc;
}

static void
find_extension(void)
{
	FILE	   *maps = fopen("/proc/self/maps", "r");
	char		line[1024];
	unsigned long first,
				last;

	extension = NULL;
	while (maps != NULL && fgets(line, sizeof line, maps) != NULL)
		if (strstr(line, "/billing.so") != NULL && strstr(line, "r-xp") != NULL && sscanf(line, "%lx-%lx", &first, &last) == 2)
		{
			extension = (const char *) first;
			extension_end = (const char *) last;
		}
	if (maps != NULL)
		fclose(maps);
	if (extension == NULL)
		elog(ERROR, "the extension is not loaded");
}

/* memory_fail(n integer, ours boolean): the n-th request from now on fails; 0: none */
PG_FUNCTION_INFO_V1(memory_fail);
Datum
memory_fail(PG_FUNCTION_ARGS)
{
	stand_before();
	find_extension();
	ours = PG_GETARG_BOOL(1);
	requests = 0;
	failed = false;
	left = PG_GETARG_INT32(0);
	PG_RETURN_VOID();
}

/* memory_failed(): has one failed? */
PG_FUNCTION_INFO_V1(memory_failed);
Datum
memory_failed(PG_FUNCTION_ARGS)
{
	left = 0;
	PG_RETURN_BOOL(failed);
}

/* memory_requests(): how many there were */
PG_FUNCTION_INFO_V1(memory_requests);
Datum
memory_requests(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT32(requests);
}
