/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Handoff, as in src/sched/carrier.c: the monitor takes the one processor from
 * a carrier that is not in the runtime, and gives it to the other carrier.  One
 * that is in the runtime may give it away itself.
 *
 * A carrier enters the runtime by a plain store, so stores go through a buffer
 * here, as on x86: memory sees them late, in order.  The monitor pays for the
 * ordering with membarrier(2), which empties the buffers.
 *
 * Asserted: who is in the runtime and has the processor keeps it, and no other
 * carrier has it; so it never has two holders.
 *
 * With -DNO_MEMBARRIER the monitor does not wait for the buffers; with
 * -DNO_LOCK a carrier does not wait for the monitor's decision.
 */
#define CARRIERS 2
#define DRAIN(c) atomic { buffer[c]?bit_ -> in_runtime[c] = bit_ }

bool in_runtime[CARRIERS];    /* as memory has it */
bool taken[CARRIERS];
bool has[CARRIERS];	      /* c->processor */
bool assigned[CARRIERS];      /* a spare was given the processor */
bool spare[CARRIERS];	      /* it waits in the list of spares */
bool locked[CARRIERS];	      /* c->lock */
byte holder;	      /* p->carrier */
chan buffer[CARRIERS] = [2] of { bool };

inline store_in_runtime(value)
{
	buffer[me]!value
}

inline lock(c)
{
	atomic { !locked[c] -> locked[c] = true }
}

inline unlock(c)
{
	locked[c] = false
}

/* A locked instruction, or a system call, of the carrier itself. */
inline fence()
{
	empty(buffer[me])
}

inline enter()
{
	store_in_runtime(true);
	if
	:: taken[me] ->
#ifndef NO_LOCK
		lock(me);
		fence();
		unlock(me)
#else
		skip
#endif
	:: !taken[me] -> skip
	fi
}

/* wait_for_processor; the carrier is in the runtime all the time. */
inline be_spare()
{
	fence();
	assigned[me] = false;
	taken[me] = false;
	spare[me] = true;
	assigned[me] -> skip
}

inline use_processor()
{
	assert(has[me] && !has[1 - me]);
	assert(has[me] && !has[1 - me])
}

/* zag_carrier_hand_on: the fiber is about to be in the kernel. */
inline give_away()
{
	atomic { spare[1 - me] -> spare[1 - me] = false };
	lock(me);
	fence();
	has[me] = false;
	unlock(me);
	has[1 - me] = true;
	holder = 1 - me;
	assigned[1 - me] = true
}

proctype Carrier(byte me)
{
	bool mine;

	if
	:: me == 1 -> be_spare(); use_processor(); store_in_runtime(false)
	:: else
	fi;
end:	do
	:: enter();
		mine = has[me];
		if
		:: mine -> use_processor()
		:: mine && spare[1 - me] -> give_away()
		:: else -> be_spare(); use_processor()
		fi;
		store_in_runtime(false)
	od
}

proctype Memory(byte c)
{
	bool bit_;

end:	do
	:: DRAIN(c)
	od
}

inline membarrier()
{
	atomic {
		do
		:: nempty(buffer[0]) -> DRAIN(0)
		:: nempty(buffer[1]) -> DRAIN(1)
		:: empty(buffer[0]) && empty(buffer[1]) -> break
		od
	}
}

proctype Monitor()
{
	byte c;
	bool took, bit_;

end:	do
	:: c = holder;
		took = false;
		lock(c);
		if
		:: has[c] && !in_runtime[c] ->
			taken[c] = true;
#ifndef NO_MEMBARRIER
			membarrier();
#endif
			took = !in_runtime[c];
			if
			:: took -> has[c] = false
			:: else -> taken[c] = false
			fi
		:: else
		fi;
		unlock(c);
		if
		:: took ->
			atomic { spare[1 - c] -> spare[1 - c] = false };
			has[1 - c] = true;
			holder = 1 - c;
			assigned[1 - c] = true
		:: else
		fi
	od
}

init {
	atomic {
		has[0] = true;
		in_runtime[1] = true;
		run Memory(0);
		run Memory(1);
		run Carrier(0);
		run Carrier(1);
		run Monitor()
	}
}
