/*
 * errors.c - the core's statuses and problems become PostgreSQL errors
 *
 * Each status has one SQLSTATE (errcodes.h).  try_rate() reports the same
 * codes and hints as values, so both ask here.
 */
#include "postgres.h"

#include "mb/pg_wchar.h"
#include "utils/memutils.h"

#include "billing.h"

int
bl_status_sqlstate(BlStatus status)
{
	switch (status)
	{
		case BL_OK:
			return ERRCODE_SUCCESSFUL_COMPLETION;
		case BL_TRUNCATED:
		case BL_CORRUPT:
		case BL_BAD_VERSION:
			return ERRCODE_DATA_CORRUPTED;
		case BL_NO_SPACE:
		case BL_LIMIT:
			return ERRCODE_PROGRAM_LIMIT_EXCEEDED;
		case BL_BAD_TEXT:
			return ERRCODE_INVALID_TEXT_REPRESENTATION;
		case BL_BAD_VALUE:
		case BL_BAD_ZONE:
			return ERRCODE_INVALID_PARAMETER_VALUE;
		case BL_OVERFLOW:
			return ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE;
		case BL_UNALIGNED:
			return ERRCODE_BILLING_UNALIGNED;
		case BL_OVERLAP:
			return ERRCODE_BILLING_OVERLAP;
		case BL_GAP:
			return ERRCODE_BILLING_GAP;
		case BL_BAD_UNIT:
			return ERRCODE_BILLING_BAD_UNIT;
		case BL_NO_USAGE:
			return ERRCODE_BILLING_NO_USAGE;
		case BL_BAD_RULES:
			return ERRCODE_BILLING_BAD_RULES;
		case BL_BAD_TARIFF:
			return ERRCODE_BILLING_BAD_TARIFF;
		case BL_TARIFF_GAP:
			return ERRCODE_BILLING_TARIFF_GAP;
		case BL_NO_TERM:
			return ERRCODE_BILLING_NO_TERM;
		case BL_NO_MARKET:
			return ERRCODE_BILLING_NO_MARKET;
		case BL_BAD_MARKET:
			return ERRCODE_BILLING_BAD_MARKET;
		case BL_BAD_CARRY:
			return ERRCODE_BILLING_BAD_CARRY;
		case BL_NO_CIPHER:
		case BL_STATUS_COUNT:
			break;
	}
	return ERRCODE_INTERNAL_ERROR;
}

const char *
bl_status_hint(BlStatus status)
{
	switch (status)
	{
		case BL_TRUNCATED:
		case BL_CORRUPT:
			return "The bytes are damaged, or were never a value of this type; restore them from a good copy.";
		case BL_BAD_VERSION:
			return "A newer release of billing may have written it; upgrade the extension's library.";
		case BL_NO_SPACE:
		case BL_LIMIT:
			return "Split the input into shorter spans or fewer parts.";
		case BL_BAD_ZONE:
			return "Use a name of pg_timezone_names, such as Asia/Shanghai.";
		default:
			return NULL;
	}
}

const char *
bl_utf8_to_server(const char *text)
{
	return pg_any_to_server(text, (int) strlen(text), PG_UTF8);
}

void
bl_fail(BlStatus status, const char *what)
{
	const char *hint = bl_status_hint(status);

	ereport(ERROR,
			(errcode(bl_status_sqlstate(status)),
			 errmsg_internal("%s: %s", what, bl_status_text(status)),
			 hint ? errhint("%s", hint) : 0));
}

void
bl_raise(const BlProblem *problem)
{
	const char *hint = problem->hint[0] ? bl_utf8_to_server(problem->hint) :
		bl_status_hint(problem->status);

	ereport(ERROR,
			(errcode(bl_status_sqlstate(problem->status)),
			 errmsg_internal("%s", bl_utf8_to_server(problem->message)),
			 problem->detail[0] ? errdetail_internal("%s", bl_utf8_to_server(problem->detail)) : 0,
			 hint ? errhint("%s", hint) : 0));
}

struct varlena *
bl_new_value(size_t size)
{
	struct varlena *value;

	if (size > MaxAllocSize - VARHDRSZ)
		bl_fail(BL_LIMIT, "value");
	value = palloc(VARHDRSZ + size);
	SET_VARSIZE(value, VARHDRSZ + size);
	return value;
}
