/*
 * status.c - the words of a problem, bounded and cut at a whole character
 */
#include "status.h"

#include <stdarg.h>
#include <stdio.h>

static void put(char *out, size_t size, const char *format, va_list args)
			__attribute__((format(printf, 3, 0)));

static void
put(char *out, size_t size, const char *format, va_list args)
{
	int			wrote = vsnprintf(out, size, format, args);
	size_t		end = size - 1;

	if (wrote < (int) size)
		return;
	/* cut, perhaps within a UTF-8 sequence: step back to its first byte */
	while (end > 0 && ((unsigned char) out[end - 1] & 0xC0) == 0x80)
		end--;
	if (end > 0 && (unsigned char) out[end - 1] >= 0xC0)
		end--;
	out[end] = '\0';
}

BlStatus
bl_problem(BlProblem *problem, BlStatus status, const char *message,...)
{
	va_list		args;

	if (problem == NULL)
		return status;
	problem->status = status;
	problem->detail[0] = problem->hint[0] = '\0';
	va_start(args, message);
	put(problem->message, sizeof problem->message, message, args);
	va_end(args);
	return status;
}

BlStatus
bl_problem_detail(BlProblem *problem, const char *detail,...)
{
	va_list		args;

	if (problem == NULL)
		return BL_BAD_VALUE;
	va_start(args, detail);
	put(problem->detail, sizeof problem->detail, detail, args);
	va_end(args);
	return problem->status;
}

BlStatus
bl_problem_hint(BlProblem *problem, const char *hint,...)
{
	va_list		args;

	if (problem == NULL)
		return BL_BAD_VALUE;
	va_start(args, hint);
	put(problem->hint, sizeof problem->hint, hint, args);
	va_end(args);
	return problem->status;
}

const char *
bl_status_text(BlStatus status)
{
	static const char *const text[BL_STATUS_COUNT] = {
		[BL_OK] = "all is well",
		[BL_TRUNCATED] = "the value ends too early",
		[BL_CORRUPT] = "the value contradicts itself",
		[BL_BAD_VERSION] = "the value has a format version that is not known here",
		[BL_NO_SPACE] = "the value is too large",
		[BL_BAD_TEXT] = "the text is not a value of this type",
		[BL_BAD_VALUE] = "the value is outside what is allowed",
		[BL_OVERFLOW] = "the number is out of range",
		[BL_UNALIGNED] = "spans or slots do not fit each other",
		[BL_OVERLAP] = "the same moment is given twice",
		[BL_GAP] = "readings are missing",
		[BL_BAD_UNIT] = "the units do not go together",
		[BL_NO_USAGE] = "the usage lacks what the tariff needs",
		[BL_BAD_RULES] = "the rules are not valid",
		[BL_BAD_TARIFF] = "the tariff is not valid",
		[BL_TARIFF_GAP] = "the tariff has no price for part of the period",
		[BL_NO_TERM] = "the terms lack what the tariff needs",
		[BL_NO_MARKET] = "the market value lacks what the tariff needs",
		[BL_BAD_MARKET] = "the market value is not valid",
		[BL_BAD_CARRY] = "the carry is not valid",
		[BL_BAD_ZONE] = "the time zone is not known",
		[BL_NO_CIPHER] = "OpenSSL has failed",
		[BL_LIMIT] = "a limit of the engine is exceeded",
	};

	if ((unsigned) status >= BL_STATUS_COUNT || text[status] == NULL)
		return "unknown outcome";
	return text[status];
}
