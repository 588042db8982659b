/*
 * charges_agg.h - charges added up in server memory, as aggregate sum(charges) does
 */
#ifndef BL_CHARGES_AGG_H
#define BL_CHARGES_AGG_H

#include "billing.h"
#include "core/charges.h"

typedef struct BlChargesAgg BlChargesAgg;

extern BlChargesAgg *bl_charges_agg_new(MemoryContext context);
extern void bl_charges_agg_add(BlChargesAgg *agg, const BlCharges *charges);
/* one value of type charges, in the current context; NULL: nothing was added */
extern struct varlena *bl_charges_agg_value(const BlChargesAgg *agg);

#endif							/* BL_CHARGES_AGG_H */
