/*
 * worker.h - background workers that do what somebody asked for
 */
#ifndef BL_WORKER_H
#define BL_WORKER_H

/* from _PG_init: the transaction callback, and with preload the launchers */
extern void bl_worker_init(void);

#endif							/* BL_WORKER_H */
