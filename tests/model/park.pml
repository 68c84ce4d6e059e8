/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Park and unpark, as in src/sched/sched.c and src/wait/wait.c: a fiber waits
 * again and again for two sources, on two carriers.
 *
 * Asserted: a fiber's stack is never used by two carriers, every sleep ends
 * with a reason, an unpark finds the fiber parking or parked.  No lost wake-up:
 * one would leave every process blocked before the fiber is done, which spin
 * reports as an invalid end state.
 *
 * With -DEARLY the fiber is published as parked before its context is saved;
 * with -DBLIND a fiber that was notified while parking parks all the same;
 * with -DNO_CLAIM a source does not look whether the wait is claimed.
 */
#define WAITS 3
#define SOURCES 2
#define CARRIERS 2
#define NOBODY 255

mtype = { READY, RUNNING, PARKING, NOTIFIED, PARKED };

mtype state = READY;
byte reason;		  /* 0: unclaimed; else the source and 1 */
bool offered[SOURCES];	  /* the source knows of the wait */
bool locked[SOURCES];	  /* the source's lock */
byte stack_user = NOBODY; /* the carrier that runs on the fiber's stack */
byte waits;		  /* sleeps so far */
bool mid_wait;		  /* where the fiber goes on: after its zag_park */
bool done;
chan runq = [2] of { bit };

inline lock(i)
{
	atomic { !locked[i] -> locked[i] = true }
}

inline unlock(i)
{
	locked[i] = false
}

inline ready()
{
	assert(nfull(runq)); /* else it would be queued twice */
	runq!1
}

/* zag_unpark */
inline unpark()
{
	do
	:: atomic { state == PARKED -> state = READY };
		ready();
		break
	:: atomic { state == PARKING -> state = NOTIFIED };
		break
	:: atomic { state != PARKED && state != PARKING ->
		assert(false) }
	od
}

/* zag_carrier_finish_switch: the context is saved by now. */
inline finish_park()
{
	if
	:: atomic { state == PARKING -> state = PARKED }
	:: atomic { state != PARKING -> skip };
		state = READY;
		ready()
	fi
}

/* From zag_wait_begin to the switch; parked: whether it left its stack. */
inline begin_wait()
{
	reason = 0;
	state = PARKING;
	i = 0;
	do
	:: i < SOURCES -> lock(i); offered[i] = true; unlock(i); i++
	:: else -> break
	od;
	mid_wait = true;
	parked = true;
	if
#ifndef BLIND
	:: atomic { state == NOTIFIED -> state = RUNNING };
		parked = false
	:: atomic { state != NOTIFIED -> skip }
#else
	:: atomic { state == NOTIFIED -> state = PARKING }
	:: atomic { state != NOTIFIED -> skip }
#endif
	fi
}

/* After zag_park: withdraw from all sources. */
inline end_wait()
{
	assert(reason != 0);
	i = 0;
	do
	:: i < SOURCES -> lock(i); offered[i] = false; unlock(i); i++
	:: else -> break
	od;
	mid_wait = false;
	waits++
}

proctype Carrier(byte me)
{
	byte i;
	bool parked;

end:	do
	:: atomic { runq?1 ->
		assert(stack_user == NOBODY);
		stack_user = me };
		state = RUNNING;
		parked = false;
		do
		:: parked -> break
		:: !parked && mid_wait -> end_wait()
		:: !parked && !mid_wait && waits < WAITS -> begin_wait()
		:: !parked && !mid_wait && waits == WAITS ->
			done = true;
			break
		od;
		if
		:: done -> break
		:: else
		fi;
#ifdef EARLY
		finish_park();
		stack_user = NOBODY
#else
		atomic { stack_user = NOBODY; i = 0 };
		finish_park()
#endif
	:: done -> break
	od
}

proctype Source(byte me)
{
	bool claimed;

	do
	:: atomic { offered[me] && !locked[me] -> locked[me] = true };
		if
		:: offered[me] ->
			atomic {
				claimed = (reason == 0);
#ifdef NO_CLAIM
				claimed = true;
#endif
				if
				:: claimed -> reason = me + 1
				:: else
				fi
			};
			if
			:: claimed -> unpark()
			:: else
			fi;
			offered[me] = false
		:: else
		fi;
		unlock(me)
	:: done -> break
	od
}

init {
	atomic {
		runq!1;
		run Carrier(0);
		run Carrier(1);
		run Source(0);
		run Source(1)
	}
}
