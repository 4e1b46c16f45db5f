/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Parameters of a request
 * =======================
 *
 * A request of this API says everything by name and value, in the query, in a urlencoded form body, or in both.
 * All are read into one list, decoded once and sorted bytewise by name; each remembers where it came from, because
 * one way of signing covers the query by name and the form as bytes.
 *
 * Lists are flat: "Permissions.1.IpProtocol", "SecurityGroupRuleId.2".
 *
 * Pure.  A name given twice is refused: two readers could see two different requests.
 */

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/vec.h"

/* 100 permissions with all fields and some. */
#define RW_ALIBABA_PARAMETERS_MAX 4096

/* Highest N of a list "Name.N". */
#define RW_ALIBABA_LIST_MAX 200

struct rw_alibaba_parameter {
	const char *name;
	const char *value; /* "" when there was no "=" */
	bool in_form;
};

struct rw_alibaba_parameters {
	struct rw_vec list; /* struct rw_alibaba_parameter, sorted by name */
	char *query;        /* owned: the texts */
	char *form;
};

/*
 * Reads 'query' (behind the "?"; nullable) and 'form' (nullable).  'ret_parameters' is filled in every case and done
 * with by rw_alibaba_parameters_done.  -EINVAL: a bad escape, a NUL, a value without a name, a name twice; -E2BIG: more
 * than RW_ALIBABA_PARAMETERS_MAX; -ENOMEM.
 */
RW_NODISCARD int rw_alibaba_parameters_read(const char *query, const char *form,
					    struct rw_alibaba_parameters *ret_parameters,
					    struct rw_error *err);
void rw_alibaba_parameters_done(struct rw_alibaba_parameters *parameters);
RW_DEFINE_DONE(struct rw_alibaba_parameters, rw_alibaba_parameters_done)

/* The value, or NULL.  O(log n). */
const char *rw_alibaba_parameter(const struct rw_alibaba_parameters *parameters, const char *name);

/* The value of "list.N" or, with 'field', of "list.N.field"; NULL when absent. */
const char *rw_alibaba_element(const struct rw_alibaba_parameters *parameters, const char *list,
			       unsigned int number, const char *field);

/*
 * How many elements a list has: its highest N.  Gaps are an error, as are numbers written in another way ("01", "0") and
 * those above 'most' (at most RW_ALIBABA_LIST_MAX): -EINVAL at the parameter's name.  O(n).
 */
RW_NODISCARD int rw_alibaba_list_count(const struct rw_alibaba_parameters *parameters, const char *list,
				       unsigned int most, unsigned int *ret_count, struct rw_error *err);
