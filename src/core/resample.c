/*
 * resample.c - arithmetic on unpacked profiles
 */
#include "resample.h"

enum
{
	SPLIT_SCALE = -3,			/* of Wh: energies split in steps of 10^-6 kWh */
	MEAN_DECIMALS = 3			/* more than the levels have */
};

static int64_t
pow10_64(int n)
{
	int64_t		p = 1;

	while (n-- > 0)
		p *= 10;
	return p;
}

BlStatus
bl_series_rescale(BlSeries *series, int scale)
{
	int			digits = series->shape.scale - scale;
	int64_t		factor;

	if (digits < 0)
		return BL_BAD_VALUE;
	if (digits > 18)
		return BL_OVERFLOW;
	factor = pow10_64(digits);
	if (digits > 0)
		for (int i = 0; i < series->shape.slots; i++)
			if (__builtin_mul_overflow(series->values[i], factor, &series->values[i]))
				return BL_OVERFLOW;
	series->shape.scale = scale;
	return BL_OK;
}

void
bl_series_coarsen(BlSeries *series)
{
	int			scale = bl_values_scale(series->values, series->shape.slots, series->shape.scale);
	int64_t		divisor;

	if (scale > BL_PROFILE_SCALE_MAX)
		scale = BL_PROFILE_SCALE_MAX;
	if (scale > series->shape.scale)
	{
		divisor = pow10_64(scale - series->shape.scale);
		for (int i = 0; i < series->shape.slots; i++)
			series->values[i] /= divisor;
		series->shape.scale = scale;
	}
}

/* both of the same slots, at the finer scale */
static BlStatus
same_steps(BlSeries *into, BlSeries *other)
{
	const BlProfile *a = &into->shape;
	const BlProfile *b = &other->shape;

	if (a->start != b->start || a->slots != b->slots || a->slot_minutes != b->slot_minutes)
		return BL_UNALIGNED;
	if (a->scale > b->scale)
		return bl_series_rescale(into, b->scale);
	return b->scale > a->scale ? bl_series_rescale(other, a->scale) : BL_OK;
}

/* square root of a^2 + b^2, half-up */
static BlStatus
hypotenuse(int64_t a, int64_t b, int64_t *out)
{
	BlUint128	x = a < 0 ? 0 - (BlUint128) a : (BlUint128) a;
	BlUint128	y = b < 0 ? 0 - (BlUint128) b : (BlUint128) b;
	BlUint128	square = x * x + y * y; /* at most 2^127 */
	BlUint128	root = bl_isqrt(square);

	/* (root + 1/2)^2 is root^2 + root + 1/4 */
	if (square - root * root > root)
		root++;
	if (root > (BlUint128) INT64_MAX)
		return BL_OVERFLOW;
	*out = (int64_t) root;
	return BL_OK;
}

BlStatus
bl_series_apparent(BlSeries *active, BlSeries *reactive)
{
	BlProfile  *shape = &active->shape;
	BlStatus	status;

	if (!(shape->unit == BL_WH && reactive->shape.unit == BL_VARH) && !(shape->unit == BL_W && reactive->shape.unit == BL_VAR))
		return BL_BAD_UNIT;
	status = same_steps(active, reactive);
	shape->unit = shape->unit == BL_WH ? BL_VAH : BL_VA;
	for (int i = 0; i < shape->slots && status == BL_OK; i++)
	{
		active->qualities[i] = (uint8_t) bl_quality_worse((BlQuality) active->qualities[i], (BlQuality) reactive->qualities[i]);
		if (active->qualities[i] == BL_MISSING)
			active->values[i] = 0;
		else
			status = hypotenuse(active->values[i], reactive->values[i], &active->values[i]);
	}
	return status;
}

BlStatus
bl_series_negate(BlSeries *series)
{
	for (int i = 0; i < series->shape.slots; i++)
		if (__builtin_sub_overflow((int64_t) 0, series->values[i], &series->values[i]))
			return BL_OVERFLOW;
	return BL_OK;
}

BlStatus
bl_series_add(BlSeries *into, BlSeries *other, int sign)
{
	BlProfile  *a = &into->shape;
	BlStatus	status;

	if (a->unit != other->shape.unit)
		return BL_BAD_UNIT;
	status = same_steps(into, other);
	if (status != BL_OK)
		return status;
	for (int i = 0; i < a->slots; i++)
	{
		into->qualities[i] = (uint8_t) bl_quality_worse((BlQuality) into->qualities[i],
														(BlQuality) other->qualities[i]);
		if (into->qualities[i] == BL_MISSING)
			into->values[i] = 0;
		else if (sign > 0 ? __builtin_add_overflow(into->values[i], other->values[i], &into->values[i]) :
				 __builtin_sub_overflow(into->values[i], other->values[i], &into->values[i]))
			return BL_OVERFLOW;
	}
	return BL_OK;
}

BlStatus
bl_series_multiply(BlSeries *series, BlDec factor)
{
	BlProfile  *shape = &series->shape;
	int			min = bl_unit_scale_min(shape->unit);
	int			scale;
	int			drop;			/* decimals that are too many */
	BlInt128	divisor;

	factor = bl_dec_trim(factor);
	/* whole tens of the factor go to the scale, so that large factors do not overflow values */
	scale = shape->scale - factor.scale;
	while (factor.coefficient != 0 && factor.coefficient % 10 == 0 && scale < BL_PROFILE_SCALE_MAX)
	{
		factor.coefficient /= 10;
		scale++;
	}
	/* and so do common tens of the values */
	if (bl_values_scale(series->values, shape->slots, 0) > 0)
	{
		int			before = shape->scale;

		bl_series_coarsen(series);
		scale += shape->scale - before;
	}
	drop = scale < min ? min - scale : 0;
	if (drop > 38)
		return BL_OVERFLOW;
	divisor = bl_pow10(drop);
	for (int i = 0; i < shape->slots; i++)
	{
		BlInt128	product;

		if (__builtin_mul_overflow(factor.coefficient, (BlInt128) series->values[i], &product))
			return BL_OVERFLOW;
		if (drop > 0)
			product = bl_div_round(product, divisor, BL_HALF_UP);
		/* the factor's tens may have made the scale too coarse */
		for (int s = scale; s > BL_PROFILE_SCALE_MAX; s--)
			if (__builtin_mul_overflow(product, (BlInt128) 10, &product))
				return BL_OVERFLOW;
		if (product > INT64_MAX || product < INT64_MIN)
			return BL_OVERFLOW;
		series->values[i] = (int64_t) product;
	}
	shape->scale = scale < min ? min : scale > BL_PROFILE_SCALE_MAX ? BL_PROFILE_SCALE_MAX : scale;
	bl_series_coarsen(series);
	return BL_OK;
}

BlStatus
bl_series_portion(BlSeries *series, BlDec energy)
{
	BlProfile  *shape = &series->shape;
	BlInt128	total = 0,
				sum = 0,
				before = 0;
	int			scale;

	energy = bl_dec_trim(energy);
	scale = shape->scale < -3 ? shape->scale : -3;
	if (3 - energy.scale < scale)
		scale = 3 - energy.scale;
	if (energy.coefficient < 0 || scale < bl_unit_scale_min(shape->unit))
		return BL_BAD_VALUE;
	if (bl_series_rescale(series, scale) != BL_OK)
		return BL_OVERFLOW;
	for (int i = 0; i < shape->slots; i++)
	{
		if (series->values[i] < 0)
			return BL_BAD_VALUE;
		total += series->values[i];
	}
	for (int s = 3 - energy.scale - scale; s > 0; s--)
		if (__builtin_mul_overflow(energy.coefficient, (BlInt128) 10, &energy.coefficient))
			return BL_OVERFLOW;
	if (total == 0)
		return energy.coefficient == 0 ? BL_OK : BL_BAD_VALUE;
	/* so that the product below fits */
	if (total > INT64_MAX / 2 || energy.coefficient > INT64_MAX / 2)
		return BL_OVERFLOW;
	for (int i = 0; i < shape->slots; i++)
	{
		BlInt128	share;

		sum += series->values[i];
		share = bl_div_round(sum * energy.coefficient, total, BL_HALF_UP);
		series->values[i] = (int64_t) (share - before);
		before = share;
	}
	bl_series_coarsen(series);
	return BL_OK;
}

void
bl_series_positive(BlSeries *series)
{
	for (int i = 0; i < series->shape.slots; i++)
		if (series->values[i] < 0)
			series->values[i] = 0;
}

BlStatus
bl_series_negative(BlSeries *series)
{
	for (int i = 0; i < series->shape.slots; i++)
	{
		if (series->values[i] == INT64_MIN)
			return BL_OVERFLOW;
		series->values[i] = series->values[i] < 0 ? -series->values[i] : 0;
	}
	return BL_OK;
}

static int
common_divisor(int a, int b)
{
	while (b != 0)
	{
		int			r = a % b;

		a = b;
		b = r;
	}
	return a;
}

BlStatus
bl_resample_slots(const BlProfile *shape, int slot_minutes, int *slots, int *room)
{
	int64_t		minutes = (int64_t) shape->slots * shape->slot_minutes;
	int64_t		fine;

	if (slot_minutes < 1 || slot_minutes > BL_MINUTES_PER_DAY || BL_MINUTES_PER_DAY % slot_minutes != 0)
		return BL_BAD_VALUE;
	if (minutes % slot_minutes != 0)
		return BL_UNALIGNED;
	/* lengths that do not divide each other go through the longest that divides both */
	fine = minutes / common_divisor(shape->slot_minutes, slot_minutes);
	if (fine > BL_PROFILE_SLOTS_MAX)
		return BL_LIMIT;
	*slots = (int) (minutes / slot_minutes);
	*room = (int) fine;
	return BL_OK;
}

/* how many more decimals split every value into n even parts; `most` where none or not so few do */
static int
even_decimals(const BlSeries *s, int n, int most)
{
	int			decimals = 0;

	for (int i = 0; i < s->shape.slots; i++)
		while (decimals < most && s->values[i] % n * pow10_64(decimals) % n != 0)
			decimals++;
	return decimals;
}

/* every slot into n equal parts; values and qualities have room for them, and are spread from the end */
static BlStatus
split(BlSeries *s, int n)
{
	int			floor = s->shape.scale < SPLIT_SCALE ? s->shape.scale : SPLIT_SCALE;
	bool		energy = bl_unit_is_energy(s->shape.unit);

	if (energy)
	{
		BlStatus	status = bl_series_rescale(s, s->shape.scale -
											   even_decimals(s, n, s->shape.scale - floor));

		if (status != BL_OK)
			return status;
	}
	for (int i = s->shape.slots - 1; i >= 0; i--)
	{
		int64_t		part = energy ? bl_floor_div(s->values[i], n) : s->values[i];
		int			more = energy ? (int) (s->values[i] - part * n) : 0;
		uint8_t		quality = s->qualities[i];

		for (int k = n - 1; k >= 0; k--)
		{
			s->values[(size_t) i * (size_t) n + (size_t) k] = part + (k < more);
			s->qualities[(size_t) i * (size_t) n + (size_t) k] = quality;
		}
	}
	s->shape.slots *= n;
	s->shape.slot_minutes /= n;
	return BL_OK;
}

/* n slots into one; missing where any of them is */
static BlStatus
merge(BlSeries *s, int n)
{
	bool		energy = bl_unit_is_energy(s->shape.unit);
	int			slots = s->shape.slots / n;
	int			decimals = 0;

	if (!energy)
	{
		int			most = s->shape.scale - bl_unit_scale_min(s->shape.unit);

		most = most < MEAN_DECIMALS ? most : MEAN_DECIMALS;
		for (int i = 0; i < slots && decimals < most; i++)
		{
			BlInt128	sum = 0;

			for (int k = 0; k < n; k++)
				sum += s->values[i * n + k];
			while (decimals < most && sum % n * pow10_64(decimals) % n != 0)
				decimals++;
		}
	}
	for (int i = 0; i < slots; i++)
	{
		BlInt128	sum = 0;
		BlQuality	quality = BL_ACTUAL;

		for (int k = 0; k < n; k++)
		{
			sum += s->values[i * n + k];
			quality = bl_quality_worse(quality, (BlQuality) s->qualities[i * n + k]);
		}
		if (quality == BL_MISSING)
			sum = 0;
		if (!energy)
			sum = bl_div_round(sum * pow10_64(decimals), n, BL_HALF_UP);
		if (sum > INT64_MAX || sum < INT64_MIN)
			return BL_OVERFLOW;
		s->values[i] = (int64_t) sum;
		s->qualities[i] = (uint8_t) quality;
	}
	s->shape.scale -= decimals;
	s->shape.slots = slots;
	s->shape.slot_minutes *= n;
	return BL_OK;
}

BlStatus
bl_series_resample(const BlSeries *from, int slot_minutes, BlSeries *to, int room)
{
	int			common = common_divisor(from->shape.slot_minutes, slot_minutes);
	int			slots;
	int			need;
	BlStatus	status = bl_resample_slots(&from->shape, slot_minutes, &slots, &need);

	if (status == BL_OK && need > room)
		status = BL_NO_SPACE;
	if (status != BL_OK)
		return status;
	to->shape = from->shape;
	memcpy(to->values, from->values, (size_t) from->shape.slots * sizeof *to->values);
	memcpy(to->qualities, from->qualities, (size_t) from->shape.slots);
	if (common < from->shape.slot_minutes)
		status = split(to, from->shape.slot_minutes / common);
	if (status == BL_OK && common < slot_minutes)
		status = merge(to, slot_minutes / common);
	return status;
}

/* at most so many decimals, half up; most numbers have fewer and stay as they are */
static inline BlStatus
limit_decimals(BlDec *d, int most)
{
	BlRounding	rounding;

	if (d->scale <= most)
		return BL_OK;
	rounding = bl_round_places(most, BL_HALF_UP);
	return bl_dec_round(*d, &rounding, d);
}

BlStatus
bl_series_from_decimals(BlSeries *series, const BlDec *decimals, int unit_scale)
{
	BlProfile  *shape = &series->shape;
	int			most = unit_scale - bl_unit_scale_min(shape->unit);	/* decimals that are kept */
	int			places = unit_scale - BL_PROFILE_SCALE_MAX;

	if (most < 0 || most > BL_SCALE_MAX)
		return BL_BAD_UNIT;
	/* the places that some value needs; whole numbers stay as they are given */
	places = places > 0 ? places : 0;
	for (int i = 0; i < shape->slots; i++)
	{
		BlDec		d = decimals[i];

		if (series->qualities[i] == BL_MISSING)
			continue;
		if (limit_decimals(&d, most) != BL_OK)
			return BL_OVERFLOW;
		for (; d.scale > places && d.coefficient % 10 == 0; d.scale--)
			d.coefficient /= 10;
		places = d.scale > places ? d.scale : places;
	}
	for (int i = 0; i < shape->slots; i++)
	{
		BlDec		d = series->qualities[i] == BL_MISSING ? BL_ZERO : decimals[i];
		BlInt128	v;

		/* the first loop has seen that no digit is lost beyond `most` */
		if (limit_decimals(&d, places) != BL_OK)
			return BL_OVERFLOW;
		if (__builtin_mul_overflow(d.coefficient, bl_pow10(places - d.scale), &v) ||
			v > INT64_MAX || v < INT64_MIN)
			return BL_OVERFLOW;
		series->values[i] = (int64_t) v;
	}
	shape->scale = unit_scale - places;
	return BL_OK;
}
