/*
 * usage_json.h - usages and their pieces as JSON
 *
 *	usage		{"main": part, "shop": part, ...}
 *	part		{"import": profile, ... (a profile a channel, in the profile's own JSON form),
 *				 "registers": [register, ...], "demands": [demand, ...]}
 *	register	{"channel": "import", "from": "2026-01-01", "until": "2026-02-01",
 *				 "period": "peak", "kwh": "120.5"}
 *	demand		{"kw": "81.5", "period": "peak", "at": "2026-01-07T10:15Z"}
 *
 * channel is import where it is not given; from and until are both days, or
 * both moments with their zone, or not given.  A reactive channel may say
 * kvarh, the apparent one kvah.  In place of the energy a register may give its
 * readings: "start", "end", "digits" (see bl_register_energy) and "multiplier"
 * (1 where not given); the value keeps the energy only.  An energy finer than
 * 10^-9 is rounded half-up there.  null is as if not given.
 *
 * Canonical text, as written: a blank behind each colon and comma, parts and
 * registers in the order of the packed value, channels before "registers" before "demands", empty lists
 * left out, a channel always named, moments in UTC.
 */
#ifndef BL_USAGE_JSON_H
#define BL_USAGE_JSON_H

#include "json.h"
#include "usage.h"

/*
 * An array of registers or demands, into memory of the arena.  label is what
 * the array is called in an error, such as "registers"; texts point into the JSON.
 */
extern BlStatus bl_registers_from_json(BlJson *array, const char *label, BlArena *arena,
									   BlRegister **registers, int *n, BlProblem *problem);
extern BlStatus bl_demands_from_json(BlJson *array, const char *label, BlArena *arena,
									 BlRecordedDemand **demands, int *n, BlProblem *problem);

/*
 * A whole usage.  The profiles stay JSON, in profile_json of the draft's
 * parts: the caller packs them, sets profile and profile_size, and writes the draft.
 */
extern BlStatus bl_usage_from_json(BlJson *json, BlArena *arena, BlUsageDraft *draft,
								   BlProblem *problem);

/* profiles[i][c]: the JSON text of the profile of part i and channel c, where there is one */
extern void bl_usage_to_json(const BlUsage *usage, const BlText (*profiles)[BL_CHANNEL_COUNT],
							 BlWriter *out);

#endif							/* BL_USAGE_JSON_H */
