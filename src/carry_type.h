/*
 * carry_type.h - carries for other glue
 */
#ifndef BL_CARRY_TYPE_H
#define BL_CARRY_TYPE_H

#include "billing.h"
#include "core/carry.h"

/* opened, its arrays in the current memory context; raises what is wrong */
extern void bl_carry_of(BlCarry *carry, BlBytes bytes);
/* a new value of type carry */
extern struct varlena *bl_carry_value(BlCarry *carry);

#endif							/* BL_CARRY_TYPE_H */
