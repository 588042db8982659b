/*
 * actor.h - who acts, and what they may
 *
 * The actor is what identify() bound to this transaction, else whom the store
 * knows by the session's role, else nobody.  What an actor may is loaded from
 * the store once a session, and again when grants, orgs or staff change.
 */
#ifndef BL_ACTOR_H
#define BL_ACTOR_H

#include "datatype/timestamp.h"
#include "utils/guc.h"

typedef enum BlActorKind
{
	BL_NOBODY,
	BL_STAFF,
	BL_CUSTOMER
} BlActorKind;

/* of one actor; good until the transaction's end, also when it has become old */
typedef struct BlRights
{
	/* the key: whom identify() named, or the session's role */
	BlActorKind bound;
	int64_t		bound_id;
	Oid			session_user;	/* InvalidOid where bound */

	bool		superuser;		/* by the session's role: all rights at all orgs, there or not */
	int64_t		staff_id;		/* 0: none */
	int64_t		customer_id;	/* 0: none */
	int64_t		home_id;		/* the org where the person works, or whose customer he is */

	size_t		last;			/* the highest org */
	const int32_t *parent;
	const uint64_t *rights;		/* by org */
	const uint64_t *held;		/* the same before duties were separated: what can be granted to others */
	uint64_t	everywhere;		/* those held at every org */
	size_t		orgs;			/* how many there are */
	TimestampTz good_until;		/* a date of validity passes */
	MemoryContext context;
	struct BlRights *next;		/* among those to be freed */
} BlRights;

/* settings' hooks */
extern bool bl_actor_check(char **value, void **extra, GucSource source);
extern void bl_actor_assign(const char *value, void *extra);

extern void bl_actor_init(void);

/* the current actor's; never NULL */
extern const BlRights *bl_rights(void);
/* the same, kept where the caller likes as long as bl_rights_pin_good() says so */
typedef struct BlPin
{
	const BlRights *rights;
	uint32_t	transaction;
	uint64_t	serial;
	TimestampTz statement;
} BlPin;
extern const BlRights *bl_rights_pinned(BlPin *pin);

static inline bool
bl_rights_allow(const BlRights *r, int64_t org, uint64_t right)
{
	if (r->superuser)
		return true;
	return org > 0 && (uint64_t) org <= r->last && (r->rights[org] & right) != 0;
}

/* one that the actor has as a customer, or that is assigned to him: he reads it, and may write what the bits say */
typedef struct BlAccount
{
	int64_t		id;
	uint64_t	rights;
} BlAccount;

/* those of the actor, as of this transaction; sorted, each once */
extern const BlAccount *bl_own_accounts(const BlRights *rights, size_t *count);

/*
 * Binds; the caller has checked, by the method (a short name of letters), who it
 * is.  The same actor by another method has proved it in two steps.  False:
 * there is no such valid actor.
 */
extern bool bl_actor_bind(BlActorKind kind, int64_t id, const char *method);
/* how the actor proved who he is, with commas between; empty for nobody */
extern const char *bl_actor_methods(void);
/* "staff:12", "customer:7", "role:postgres" for a superuser, "nobody"; palloc'd */
extern char *bl_actor_name(void);
/* a plan was made that holds for this actor only */
extern void bl_actor_plan_made(void);
/* a statement that changes what rights rest on tells every session */
extern void bl_actor_rights_changed(void);

/* a table of the store; InvalidOid where there is no store */
extern Oid	bl_store_table(const char *name);

#endif							/* BL_ACTOR_H */
