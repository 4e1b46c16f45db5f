/* SPDX-License-Identifier: Apache-2.0 */

/* The operator's command line; everything is in src/cli. */

#include "cli/cli.h"

int main(int argument_count, char **arguments)
{
	return rw_cli_main(argument_count, arguments);
}
