/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/consent.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void print_preview(const struct rw_survey *survey)
{
	printf("What enforcing would do on this machine now:\n\n");
	rw_survey_print_interfaces(survey);
	(void)putchar('\n');
	rw_survey_print_listeners(survey, true);
	printf("\nLIVE CONNECTIONS THAT WOULD BE CUT\n");
	rw_survey_print_cuts(survey);
	(void)putchar('\n');
	(void)fflush(stdout);
}

/* One word from the terminal, lower case; "" at its end. */
static void read_answer(const char *question, char answer[16])
{
	char line[64] = "";

	(void)fputs(question, stderr);
	if (!fgets(line, sizeof(line), stdin))
		line[0] = '\0';
	line[strcspn(line, " \r\n")] = '\0';
	(void)snprintf(answer, 16, "%.15s", line);
}

static bool is_word(const char *answer, const char *word)
{
	return answer[0] && strncasecmp(answer, word, strlen(answer)) == 0;
}

static int decline(struct rw_error *err)
{
	return rw_error_set(err, -ECANCELED, "not joined: nothing was changed, here or at the controller");
}

static int ask(const char *question, bool may_enforce, enum rw_consent *ret_consent, struct rw_error *err)
{
	char answer[16];

	for (;;) {
		read_answer(question, answer);
		if (!answer[0] || is_word(answer, "no"))
			return decline(err);
		if (is_word(answer, "yes") || (may_enforce && is_word(answer, "monitor"))) {
			*ret_consent = may_enforce && is_word(answer, "yes") ? RW_CONSENT_ENFORCE
									     : RW_CONSENT_MONITOR;
			return 0;
		}
	}
}

static int refuse_cut(const struct rw_survey *survey, struct rw_error *err)
{
	char local[RW_ADDRESS_TEXT_SIZE] = "", remote[RW_ADDRESS_TEXT_SIZE] = "";
	const struct rw_packet *opener = NULL;
	struct rw_decision decision = {.cause = RW_CAUSE_DEFAULT};

	for (size_t i = 0; !opener && i < survey->connections.count; i++) {
		const struct rw_connection *connection = &survey->connections.items[i];

		if (connection->session && rw_survey_cuts(survey, connection, &decision))
			opener = &connection->opener;
	}
	if (opener) {
		rw_address_format(&opener->local, local);
		rw_address_format(&opener->remote, remote);
	}
	(void)rw_error_set(
		err, -ECANCELED,
		"not joined: enforcing would cut your SSH session from %s port %u to %s port %u (%s)", remote,
		opener ? opener->remote_port : 0, local, opener ? opener->local_port : 0,
		rw_decision_cause(&decision));
	(void)rw_error_hint(err, "Add a rule that accepts it, join by --monitor, or go on with --force.");
	return -ECANCELED;
}

int rw_consent_get(const struct rw_join_options *options, const struct rw_survey *survey,
		   enum rw_consent *ret_consent, struct rw_error *err)
{
	bool cut = rw_survey_session(survey) == RW_SESSION_CUT;
	bool can_ask = isatty(STDIN_FILENO);

	print_preview(survey);
	*ret_consent = options->monitor ? RW_CONSENT_MONITOR : RW_CONSENT_ENFORCE;
	if (options->monitor || options->force || survey->policy->enforcement == RW_MONITOR)
		return 0;
	if (!options->yes && !can_ask) {
		printf("Nobody can be asked here, and there is no --yes: joining in monitor.\n");
		*ret_consent = RW_CONSENT_MONITOR;
		return 0;
	}
	if (cut && options->yes)
		return refuse_cut(survey, err);
	if (cut) {
		(void)fputs("Enforcing would cut the SSH session that you are in, and needs --force.\n",
			    stderr);
		return ask("Join in monitor instead? [yes/no] ", false, ret_consent, err);
	}
	return options->yes ? 0
			    : ask("Join, and enforce when the agent runs? [yes/no/monitor] ", true,
				  ret_consent, err);
}
