/*
 * cluster_fn.c - day_shape(), cluster_centers(), nearest_cluster()
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "funcapi.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "billing.h"
#include "core/cluster.h"
#include "jsontext.h"

/* day_shape(profile, integer) returns double precision[] */
PG_FUNCTION_INFO_V1(billing_day_shape);
Datum
billing_day_shape(PG_FUNCTION_ARGS)
{
	BlBytes		bytes = BL_GETARG_BYTES(0);
	int			points = PG_GETARG_INT32(1);
	BlProfile	profile;
	double		shape[BL_CLUSTER_POINTS_MAX];
	Datum		values[BL_CLUSTER_POINTS_MAX];
	bool		there;

	if (points < 1 || points > BL_CLUSTER_POINTS_MAX || BL_CLUSTER_POINTS_MAX % points != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("a day cannot be divided into %d parts", points),
				 errhint("Give a divisor of 1440, such as 24 or 48.")));
	bl_check(bl_profile_open(&profile, bytes.bytes, bytes.size), "profile");
	bl_check(bl_day_shape(&profile, points, shape, &there), "profile");
	if (!there)
		PG_RETURN_NULL();
	for (int i = 0; i < points; i++)
		values[i] = Float8GetDatum(shape[i]);
	PG_RETURN_ARRAYTYPE_P(construct_array(values, points, FLOAT8OID, sizeof(float8), FLOAT8PASSBYVAL, TYPALIGN_DOUBLE));
}

/* rows of numbers: what a matrix holds, checked; its numbers lie as the C array that they are */
static const double *
matrix_of(ArrayType *array, const char *what, int *rows, int *points)
{
	const double *value = (const double *) ARR_DATA_PTR(array);
	int			n = ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array));

	if (ARR_NDIM(array) != 2 || ARR_DIMS(array)[1] > BL_CLUSTER_POINTS_MAX || ARR_DIMS(array)[0] > BL_CLUSTER_ROWS_MAX)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("%s are an array of rows of 1 to %d numbers", what, BL_CLUSTER_POINTS_MAX),
				 errdetail("This one has %d dimensions.", ARR_NDIM(array)), errhint("array_agg() of arrays makes one.")));
	if (array_contains_nulls(array))
		ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("%s must not contain nulls", what)));
	for (int i = 0; i < n; i++)
		/* whose squares can still be added */
		if (!(fabs(value[i]) < 1e100))
			ereport(ERROR, (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE), errmsg("%s contain a number that is beyond all measure", what)));
	*rows = ARR_DIMS(array)[0];
	*points = ARR_DIMS(array)[1];
	return value;
}

/* cluster_centers(double precision[][], integer, bigint, text) returns double precision[][] */
PG_FUNCTION_INFO_V1(billing_cluster_centers);
Datum
billing_cluster_centers(PG_FUNCTION_ARGS)
{
	int			rows,
				points;
	BlClustering c = {.value = matrix_of(PG_GETARG_ARRAYTYPE_P(0), "rows", &rows, &points), .clusters = PG_GETARG_INT32(1),
		.seed = (uint64_t) PG_GETARG_INT64(2)};
	char	   *method = text_to_cstring(PG_GETARG_TEXT_PP(3));
	BlArena		arena;
	double	   *centers;
	Datum	   *values;
	int			dims[2],
				lower[2] = {1, 1};
	BlStatus	status;

	if (strcmp(method, "means") != 0 && strcmp(method, "medoids") != 0)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("there is no such method of clustering"), errhint("Methods: means, medoids.")));
	if (c.clusters < 1 || c.clusters > BL_CLUSTERS_MAX)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("%d clusters cannot be made", c.clusters), errhint("Give 1 to %d.", BL_CLUSTERS_MAX)));
	c.rows = (uint32_t) rows;
	c.points = points;
	c.medoids = strcmp(method, "medoids") == 0;
	centers = palloc(sizeof *centers * (Size) c.clusters * (Size) points);
	bl_arena_init(&arena, MaxAllocSize);
	status = rows < c.clusters ? BL_BAD_VALUE : bl_cluster(&c, &arena, centers);
	if (status == BL_BAD_VALUE)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("there are fewer different rows than clusters"),
				 errdetail("%d rows are to be in %d clusters.", rows, c.clusters), errhint("Ask for fewer clusters.")));
	bl_check(status, "clusters");
	dims[0] = c.clusters;
	dims[1] = points;
	values = palloc(sizeof *values * (Size) c.clusters * (Size) points);
	for (int i = 0; i < c.clusters * points; i++)
		values[i] = Float8GetDatum(centers[i]);
	PG_RETURN_ARRAYTYPE_P(construct_md_array(values, NULL, 2, dims, lower, FLOAT8OID, sizeof(float8), FLOAT8PASSBYVAL, TYPALIGN_DOUBLE));
}

/* nearest_cluster(double precision[][], double precision[]) returns (cluster, distance) */
PG_FUNCTION_INFO_V1(billing_nearest_cluster);
Datum
billing_nearest_cluster(PG_FUNCTION_ARGS)
{
	ArrayType  *row = PG_GETARG_ARRAYTYPE_P(1);
	int			clusters,
				points;
	const double *centers = matrix_of(PG_GETARG_ARRAYTYPE_P(0), "centers", &clusters, &points);
	const double *value = (const double *) ARR_DATA_PTR(row);
	double		distance;
	TupleDesc	desc;
	Datum		values[2];
	bool		nulls[2] = {false, false};

	if (ARR_NDIM(row) != 1 || ARR_DIMS(row)[0] != points || array_contains_nulls(row))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("a row has as many numbers as a centre"),
				 errdetail("The centres have %d.", points)));
	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "nearest_cluster() must be called for a row");
	values[0] = Int32GetDatum(bl_cluster_nearest(centers, clusters, points, value, &distance) + 1);
	values[1] = Float8GetDatum(sqrt(distance));
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc), values, nulls)));
}
