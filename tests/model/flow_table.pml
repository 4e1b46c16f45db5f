/* SPDX-License-Identifier: Apache-2.0 */

/*
 * How processors share the flow table: a model of bpf/lib/rw_table_flow.h for spin, whose functions have the same
 * names here without "rw_flow_".  Every read and write of shared memory is a step of its own, and every order
 * of the steps of all processors is tried.  tests/model/run_model.py runs it.
 *
 * In it: entries that are free, dead or alive; taking one by compare-and-swap of its signature, also a live one
 * (eviction), writing, publishing, looking again; readers; changes of control and decision words; a clock that
 * goes on while runs of the program keep the second at which they began; user space that sweeps.
 *
 * Simpler than the code, and no less strict:
 *   - a bucket has one way; the two buckets of all flows are the same;
 *   - all flows have one signature, so only the key tells them apart;
 *   - a reader looks at every entry, as if every tag were right;
 *   - a newcomer takes any place that rw_flow_take does not refuse, not the one that rw_flow_choose or a hint prefers;
 *   - who has published looks at every signature, where the code looks at tags first: these are set before signatures;
 *   - of the three attempts to take a place one is made: each is free to choose any;
 *   - deadlines are one second away.
 * Not in it: reordering by the processor (on x86 none matters: all stores of a writer lie between two locked
 * instructions, and loads keep their order), and an incarnation that comes round while somebody sleeps.
 *
 * Claims:
 *   1. who finds a flow has read that flow's decision, never another's;
 *   2. of a flow that several processors enter, one entry is alive in the end;
 *   3. a change of a control word that was meant for an earlier owner of the entry fails;
 *   4. no signature stays busy.
 *
 * SCENE chooses who runs; BROKEN leaves out a part of the protocol, to show that its claim can fail.
 */

#ifndef SCENE
#define SCENE 1
#endif
#ifndef BROKEN
#define BROKEN 0
#endif
#define WITHOUT_RESCAN         1 /* who has published does not look again */
#define WITHOUT_INCARNATION    2 /* a new owner's control word may be as the old one's */
#define WITHOUT_SECOND_CONTROL 3 /* a reader does not look whether the owner has changed */
#define WITHOUT_BUSY           4 /* a place is taken without compare-and-swap */
#define WITHOUT_DEATH          5 /* a packet that loses a race revives what another has ended */
#define WITHOUT_RETRY          6 /* who ends an entry gives up when a packet changes it meanwhile */

#define PLACES 2

#define FREE      0
#define BUSY      1
#define SIGNATURE 2

/* Flows, by their two key words.  Nobody enters MIXED; one who reads half a key may take it for there. */
#define NOBODY 0
#define ONE    1
#define OTHER  2
#define MIXED  3
#define KEY0(flow) ((flow) == OTHER -> 2 : 1)
#define KEY1(flow) ((flow) == ONE -> 1 : 2)

/* Control: deadline 0..3, established, kept, incarnation. */
#define CONTROL(deadline, established, incarnation) ((deadline) | (established) << 2 | (incarnation) << 4)
#define DEADLINE(control)    ((control) & 3)
#define ESTABLISHED          4
#define KEPT                 8
#define INCARNATION(control) ((control) >> 4)
#define KILLED(control)      ((control) & ~3)
#define IS_LIVE(control, now) (DEADLINE(control) > (now))

/* Decision: its flow, generation, incarnation. */
#define DECISION(flow, incarnation) ((flow) | (incarnation) << 4)
#define DECISION_FLOW(decision)     ((decision) & 3)
#define GENERATION                  4

byte signature[PLACES];
short control[PLACES];
short decision[PLACES];
byte key0[PLACES];
byte key1[PLACES];
byte clock;

/* Places in the order in which a flow's hash names their buckets, the same for all flows. */
bit second_first;
#define IN_ORDER(i) (order -> 1 - (i) : (i))

byte owner[PLACES]; /* no part of the table: whose incarnation the control word is */

/* What is not needed any more is forgotten, so that it makes no states. */
inline unless_ok_forget()
{
	if
	:: ok
	:: else ->
		found_control = 0;
		found_decision = 0
	fi
}

/* entry_read: ok, found_control, found_decision */
inline entry_read(place, flow)
{
	found_control = control[place];
	found_decision = decision[place];
	d_step {
		ok = key0[place] == KEY0(flow);
		unless_ok_forget()
	}
	if
	:: ok ->
		d_step {
			ok = key1[place] == KEY1(flow);
			unless_ok_forget()
		}
	:: else
	fi;
	if
	:: ok ->
		d_step {
#if BROKEN == WITHOUT_SECOND_CONTROL
			ok = IS_LIVE(found_control, now);
#else
			ok = INCARNATION(control[place]) == INCARNATION(found_control) &&
			     IS_LIVE(found_control, now);
#endif
			unless_ok_forget()
		}
	:: else
	fi
}

/* ok = control still was found_control, and is 'wanted' now. */
inline change_control(place, flow, wanted)
{
	d_step {
		ok = control[place] == found_control;
		if
		:: ok ->
			assert(owner[place] == flow); /* claim 3 */
			control[place] = wanted;
			found_control = wanted
		:: else
		fi
	}
}

inline change_decision(place, wanted)
{
	d_step {
		if
		:: decision[place] == found_decision -> decision[place] = wanted
		:: else
		fi
	}
}

inline kill(place, flow)
{
	change_control(place, flow, KILLED(found_control));
#if BROKEN != WITHOUT_RETRY
	if
	:: !ok ->
		seen = control[place];
		if
		:: INCARNATION(seen) == INCARNATION(found_control) ->
			found_control = seen;
			change_control(place, flow, KILLED(found_control))
		:: else
		fi
	:: else
	fi
#endif
}

/* settle, and kill of what it finds; scans the buckets in the order of the hash. */
inline settle(flow)
{
	d_step {
		lower = false;
		incarnation = 0;
		i = 0
	}
	do
	:: i < PLACES && !lower ->
		d_step {
			other = IN_ORDER(i);
			i++
		}
		if
		:: other != place && signature[other] == SIGNATURE ->
			entry_read(other, flow);
			if
			:: ok && other < place -> lower = true
			:: ok && other > place -> kill(other, flow)
			:: else
			fi
		:: else
		fi
	:: else -> break
	od;
	if
	:: lower ->
		other = 0;
		entry_read(place, flow);
		if
		:: ok -> kill(place, flow)
		:: else
		fi
	:: else
	fi
}

inline publish(flow)
{
#if BROKEN == WITHOUT_INCARNATION
	incarnation = 0;
#else
	incarnation = INCARNATION(control[place]) + 1;
#endif
	d_step {
		control[place] = CONTROL(0, 0, incarnation);
		owner[place] = flow
	}
	key0[place] = KEY0(flow);
	key1[place] = KEY1(flow);
	decision[place] = DECISION(flow, incarnation);
	control[place] = CONTROL(now + 1, 0, incarnation);
	signature[place] = SIGNATURE
}

/* take: ok = the flow is entered in 'place' */
inline take(flow)
{
	old = signature[place];
	seen = control[place];
	ok = old != BUSY && (old == FREE || !IS_LIVE(seen, now) || !(seen & ESTABLISHED));
	if
	:: ok ->
#if BROKEN == WITHOUT_BUSY
		signature[place] = BUSY;
#else
		d_step {
			ok = signature[place] == old;
			if
			:: ok -> signature[place] = BUSY
			:: else
			fi
		}
#endif
	:: else
	fi;
	if
	:: ok ->
		d_step {
			old = 0;
			seen = 0
		}
		publish(flow);
#if BROKEN != WITHOUT_RESCAN
		settle(flow);
#endif
		ok = true
	:: else
	fi
}

inline find(flow)
{
	d_step {
		i = 0;
		ok = false;
		order = second_first
	}
	do
	:: i < PLACES && !ok ->
		d_step {
			place = IN_ORDER(i);
			i++
		}
		entry_read(place, flow)
	:: else -> break
	od
}

/* A packet of 'flow': as rw_hook_flow, rw_hook_step. */
proctype packet(byte flow)
{
	short found_control, found_decision, seen;
	byte now, place, other, old, incarnation, i, attempt;
	bool ok, lower, order;

	now = clock;
	find(flow);
	if
	:: ok ->
		assert(DECISION_FLOW(found_decision) == flow); /* claim 1 */
		change_decision(place, found_decision ^ GENERATION);
		do
		:: attempt < 2 ->
			attempt++;
			change_control(place, flow, (KILLED(found_control) | (now + 1) | ESTABLISHED));
			if
			:: ok -> break
			:: else ->
				seen = control[place];
				if
				:: INCARNATION(seen) != INCARNATION(found_control) -> break
#if BROKEN != WITHOUT_DEATH
				:: INCARNATION(seen) == INCARNATION(found_control) && !IS_LIVE(seen, now) -> break
#endif
				:: else -> found_control = seen
				fi
			fi
		:: else -> break
		od
	:: else ->
		i = 0;
		if
		:: place = 0
		:: place = PLACES - 1
		fi;
		take(flow)
	fi
}

/* A packet of a flow that is never entered. */
proctype stranger()
{
	short found_control, found_decision;
	byte now, place, i;
	bool ok, order;

	now = clock;
	find(MIXED);
	assert(!ok) /* claim 1 */
}

/* User space: marks what is alive as kept, or ends it, by control words alone. */
proctype sweep()
{
	short found_control, seen;
	byte now, place, flow;
	bool ok;

	now = clock;
	do
	:: place < PLACES ->
		if
		:: signature[place] > BUSY ->
			d_step {
				found_control = control[place];
				flow = owner[place]
			}
			if
			:: IS_LIVE(found_control, now) -> change_control(place, flow, (found_control | KEPT))
			:: IS_LIVE(found_control, now) -> kill(place, flow)
			:: else
			fi
		:: else
		fi;
		place++
	:: else -> break
	od
}

proctype tick()
{
	clock = 1
}

/* What is in a place when the scene begins. */
inline put(place, flow, deadline)
{
	signature[place] = SIGNATURE;
	control[place] = CONTROL(deadline, 0, 0);
	decision[place] = DECISION(flow, 0);
	key0[place] = KEY0(flow);
	key1[place] = KEY1(flow);
	owner[place] = flow
}

inline count(flow, result)
{
	result = 0;
	p = 0;
	do
	:: p < PLACES ->
		result = result + (owner[p] == flow && signature[p] == SIGNATURE && IS_LIVE(control[p], clock));
		p++
	:: else -> break
	od
}

init
{
	byte p, ones, others;

	atomic {
		/* Each place is free, or the flow that comes had died in it, or another lives in it. */
		do
		:: p < PLACES ->
			if
			:: true
			:: put(p, ONE, 0)
			:: SCENE != 1 && p == 0 -> put(p, OTHER, 1)
			:: SCENE != 1 && p == 0 -> put(p, ONE, 1)
			fi;
			p++
		:: else -> break
		od;
		if
		:: second_first = 0
		:: second_first = 1
		fi;
#if SCENE == 1 /* one flow */
		run packet(ONE);
		run packet(ONE);
		run packet(ONE)
#elif SCENE == 2 /* two flows, room for both or not */
		run packet(ONE);
		run packet(OTHER);
		run stranger()
#else /* time goes on, user space sweeps */
		run packet(ONE);
		run packet(OTHER);
		run sweep();
		run tick()
#endif
	}
	_nr_pr == 1;
	d_step {
		p = 0;
		do
		:: p < PLACES -> assert(signature[p] != BUSY); p++ /* claim 4 */
		:: else -> break
		od;
		count(ONE, ones);
		count(OTHER, others);
		assert(ones <= 1 && others <= 1) /* claim 2 */
#if SCENE == 1
		assert(ones == 1)
#endif
	}
}
