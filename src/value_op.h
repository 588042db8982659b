/*
 * value_op.h - what types with one canonical byte form share
 */
#ifndef BL_VALUE_OP_H
#define BL_VALUE_OP_H

#include "lib/stringinfo.h"

#include "billing.h"

/* the rest of a binary message, which is the value; the caller validates it */
extern BlBytes bl_received(StringInfo message);
extern struct varlena *bl_value_of(const uint8_t *bytes, size_t size);

#endif							/* BL_VALUE_OP_H */
