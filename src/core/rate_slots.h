/*
 * rate_slots.h - loops over the slots of a span
 *
 * All slots are small (rate_work.h): sums of a day of them stay in 64 bits.  `wide` asks for
 * 64-byte vectors, where bl_days_wide_here() says that they are there.
 */
#ifndef BL_RATE_SLOTS_H
#define BL_RATE_SLOTS_H

#include <stdbool.h>
#include <stdint.h>

/*
 * What is left of import and of export (either may be NULL: none), slot by slot: of the first into
 * left[0], of the other into left[1], NULL where nobody asks for it.  False: some slot was not small.
 */
extern bool bl_slots_net(const int64_t *import, const int64_t *export, int n, int64_t *const left[2], bool wide);
/* the highest sum of so many slots in a row, of the n windows that begin at value[0] and after */
extern int64_t bl_slots_window_top(const int64_t *value, int n, int window, bool wide);

#endif							/* BL_RATE_SLOTS_H */
