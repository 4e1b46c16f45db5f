/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What stands in the store
 * ========================
 *
 * All values are JSON objects of src/wire with "version":1; a reader refuses newer versions.
 *
 *     /ringwall/v1/networks/<id>         {"version":1,"object":{...}}
 *                                        so also clusters/, nodes/, prefix-lists/, load-balancers/, promises/
 *     /ringwall/v1/groups/<id>           the same: a security group without its rules
 *     /ringwall/v1/rules/<group>/<page>  {"version":1,"rules":[...]}
 *     /ringwall/v1/keys/<id>             API keys, secrets sealed
 *     /ringwall/v1/tokens/<id>           join tokens, digests only
 *     /ringwall/v1/suppressions/<id>     findings that people have accepted
 *     /ringwall/v1/tightenings/<group>   what steps of tightening did to its rules, for the way back
 *     /ringwall/v1/agents/<node>         machine id, certificate's fingerprint, reported SSH ports
 *     /ringwall/v1/audit/<sequence>      20 decimal digits: the change log
 *     /ringwall/v1/meta/sequence         {"version":1,"audit":"7"}         number of the last audit record
 *     /ringwall/v1/meta/account          {"version":1,"account":"1234567890123456"}
 *     /ringwall/v1/meta/authority        with several controllers: the authority they share, shared_authority.h
 *     /ringwall/v1/meta/first-key        with several controllers: whether the first admin key was used, first_key.h
 *     /ringwall/v1/meta/probe            {"version":1}; written to find out whether the store takes changes again
 *     /ringwall/v1/meta/restoring        a restore is under way, or was cut off: no controller opens such a store
 *     /ringwall/v1/meta/staged           a large change that is valid and being carried out
 *     /ringwall/v1/staged/<change>/<nn>  its pages
 *
 * **Rule pages**: a rule stands in page fnv1a(id) mod 64 of its group, "00" to "3f".  A page of a group of
 * 1,000 rules holds about 16, so a change of one rule writes some kilobytes, and all rules of a group are at
 * most 64 operations.  The page of a rule never changes, so no directory of pages is needed.
 *
 * **One order of changes**: every change compares and writes meta/sequence.  It stands for the policy
 * revision of every network at once: the audit numbers are dense, so changes have one order anyway, and two
 * controllers can never break together what each has checked alone.  The mod_revisions of all keys written
 * are compared besides.
 *
 * **Large changes** (more than a transaction holds): operations go to staged pages first, which nobody reads;
 * then one transaction, with the audit record and the usual compares, writes meta/staged, and from then on
 * the change holds: who folds that batch applies the pages.  Then the operations are carried out for real in
 * chunks, each comparing meta/staged; the last one deletes it and the pages.  While meta/staged exists, the
 * next change first carries it out to the end; so does a start after a crash.  Pages of a crash before that
 * transaction are deleted at start.
 */

#include <stdint.h>

#include "group/model.h"
#include "store/store.h"

#define RW_LAYOUT_ROOT         "/ringwall/v1/"
#define RW_LAYOUT_RULES        RW_LAYOUT_ROOT "rules/"
#define RW_LAYOUT_KEYS         RW_LAYOUT_ROOT "keys/"
#define RW_LAYOUT_TOKENS       RW_LAYOUT_ROOT "tokens/"
#define RW_LAYOUT_SUPPRESSIONS RW_LAYOUT_ROOT "suppressions/"
#define RW_LAYOUT_TIGHTENINGS  RW_LAYOUT_ROOT "tightenings/"
#define RW_LAYOUT_AGENTS       RW_LAYOUT_ROOT "agents/"
#define RW_LAYOUT_AUDIT        RW_LAYOUT_ROOT "audit/"
#define RW_LAYOUT_SEQUENCE     RW_LAYOUT_ROOT "meta/sequence"
#define RW_LAYOUT_ACCOUNT      RW_LAYOUT_ROOT "meta/account"
#define RW_LAYOUT_AUTHORITY    RW_LAYOUT_ROOT "meta/authority"
#define RW_LAYOUT_FIRST_KEY    RW_LAYOUT_ROOT "meta/first-key"
#define RW_LAYOUT_PROBE        RW_LAYOUT_ROOT "meta/probe"
#define RW_LAYOUT_RESTORING    RW_LAYOUT_ROOT "meta/restoring"
#define RW_LAYOUT_STAGED       RW_LAYOUT_ROOT "meta/staged"
#define RW_LAYOUT_STAGED_PAGES RW_LAYOUT_ROOT "staged/"

#define RW_LAYOUT_VERSION    1
#define RW_LAYOUT_RULE_PAGES 64u

/* Room for any key of ours. */
#define RW_LAYOUT_KEY_SIZE 160

/* "/ringwall/v1/nodes/", ... */
const char *rw_layout_prefix(enum rw_kind kind);

void rw_layout_object_key(enum rw_kind kind, const char *id, char key[RW_LAYOUT_KEY_SIZE]);
void rw_layout_page_key(const char *group, unsigned int page, char key[RW_LAYOUT_KEY_SIZE]);
void rw_layout_audit_key(uint64_t sequence, char key[RW_LAYOUT_KEY_SIZE]);

/* The page of a rule, below RW_LAYOUT_RULE_PAGES. */
unsigned int rw_layout_page_of(const char *rule_id);
