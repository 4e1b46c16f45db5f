/* SPDX-License-Identifier: Apache-2.0 */
#include "main/option_values.h"

#include <string.h>

#include "alibaba/alibaba.h"
#include "crypto/cert.h"
#include "main/listen.h"

/* NULL is an option that was not given, which is fine in all of these. */

static int check_listen(const char *option, const char *text, bool plain, struct rw_error *err)
{
	struct rw_listen_address listen;
	int r = text ? rw_listen_parse(option, text, &listen, err) : 0;

	if (r < 0 || !text || !plain || rw_address_is_loopback(&listen.address))
		return r;
	(void)rw_error_field(err, option, "plain HTTP on %s is refused: it is for loopback addresses only",
			     listen.text);
	return rw_error_hint(err, "Use TLS, or listen on 127.0.0.1 or ::1.");
}

static int check_name(const char *name, struct rw_error *err)
{
	struct rw_address address;

	if (rw_address_parse(name, &address, NULL) == 0 || rw_cert_is_host_name(name))
		return 0;
	(void)rw_error_field(err, "--name", "'%.80s' is neither a host name nor an address", name);
	return rw_error_hint(err, "Write it as ringwall.example.net or 10.0.0.2, without a port.");
}

static int check_region(const char *region, struct rw_error *err)
{
	if (!region || rw_alibaba_is_region(region))
		return 0;
	(void)rw_error_field(err, "--alibaba-region", "'%.80s' is no name of a region", region);
	return rw_error_hint(err, "Use lower-case letters, digits and '-', such as local.");
}

int rw_option_values_check(const struct rw_daemon_options *options, struct rw_error *err)
{
	int r = check_listen("--listen", options->listen, options->plain_http, err);

	if (r == 0)
		r = check_listen("--alibaba-listen", options->alibaba_listen, false, err);
	if (r == 0)
		r = check_listen("--alibaba-plain-listen", options->alibaba_plain_listen, true, err);
	for (size_t i = 0; r == 0 && i < options->name_count; i++)
		r = check_name(options->names[i], err);
	if (r == 0)
		r = check_region(options->alibaba_region, err);
	return r;
}
