/*
 * given_fn.c - commands refuse a null, and say which
 *
 * A STRICT function that is given a null does nothing and says nothing.  That
 * is right for what computes, and wrong for what somebody asked to be done.
 */
#include "postgres.h"

#include "catalog/namespace.h"
#include "catalog/pg_proc.h"
#include "funcapi.h"
#include "nodes/value.h"
#include "utils/builtins.h"
#include "utils/syscache.h"

#include "billing.h"

/* "name" of an argument (from 0) of the function of the store that takes so many, or more with defaults, or its number */
static char *
argument_name(char *function, int arguments, int argument)
{
	FuncCandidateList found = FuncnameGetCandidates(list_make2(makeString("billing"), makeString(function)),
													arguments, NIL, false, true, false, true);
	HeapTuple	row = found == NULL ? NULL : SearchSysCache1(PROCOID, ObjectIdGetDatum(found->oid));
	char	  **names = NULL;

	if (HeapTupleIsValid(row))
	{
		bool		null;
		Datum		all = SysCacheGetAttr(PROCOID, row, Anum_pg_proc_proargnames, &null);

		if (!null)
		{
			Datum		modes = SysCacheGetAttr(PROCOID, row, Anum_pg_proc_proargmodes, &null);

			if (get_func_input_arg_names(all, null ? PointerGetDatum(NULL) : modes, &names) <= argument)
				names = NULL;
		}
		ReleaseSysCache(row);
	}
	return names != NULL ? psprintf("\"%s\"", names[argument]) : psprintf("%d", argument + 1);
}

/* _given(command text, VARIADIC arguments "any") returns void: error where one is null */
PG_FUNCTION_INFO_V1(billing_given);
Datum
billing_given(PG_FUNCTION_ARGS)
{
	/* who may call commands may call this too, with anything */
	if (PG_NARGS() == 0 || PG_ARGISNULL(0) || get_fn_expr_variadic(fcinfo->flinfo))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("_given() takes the name of a command and its arguments, one by one")));
	for (int i = 1; i < PG_NARGS(); i++)
		if (PG_ARGISNULL(i))
		{
			char	   *command = text_to_cstring(PG_GETARG_TEXT_PP(0));

			ereport(ERROR,
					(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					 errmsg("%s() was given a null for argument %s", command, argument_name(command, PG_NARGS() - 1, i - 1)),
					 errdetail("Nothing was done."),
					 errhint("A query that finds no row gives null: look whether the one that you mean is there.")));
		}
	PG_RETURN_VOID();
}
