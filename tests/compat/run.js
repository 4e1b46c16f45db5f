// SPDX-License-Identifier: Apache-2.0
'use strict';
// Runs tests in order and ends the process; lines are counted by tools/run-tests.

exports.run = async (tests) => {
  let failures = 0;

  for (const [name, test] of Object.entries(tests)) {
    try {
      await test();
      console.log(`[       OK ] ${process.env.PROTOCOL}_${name} `);
    } catch (error) {
      failures++;
      console.log(`FAILED ${process.env.PROTOCOL}: ${name}: ${error.stack}`);
    }
  }
  process.exit(failures ? 1 : 0);
};
