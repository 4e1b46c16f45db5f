// SPDX-License-Identifier: Apache-2.0
'use strict';
// The official clients of a running ringwalld, which the environment tells of.
const assert = require('assert');
const openapi = require('@alicloud/openapi-core');
const core = require('@alicloud/pop-core');

const { KEY, SECRET, PORT, PROTOCOL } = process.env;
const address = process.env.ADDRESS || '127.0.0.1';

exports.region = 'local';

exports.config = (key = KEY, secret = SECRET) => new openapi.$OpenApiUtil.Config({ accessKeyId: key, accessKeySecret: secret,
  regionId: exports.region, endpoint: `${address}:${PORT}`, protocol: PROTOCOL });

const old = (type, version) => (secret = SECRET) => new core[type]({ accessKeyId: KEY, accessKeySecret: secret,
  apiVersion: version, endpoint: `${PROTOCOL}://${address}:${PORT}` });
exports.old_ecs = old('RPCClient', '2014-05-26');
exports.old_cs = old('ROAClient', '2015-12-15');
exports.old_cs_rpc = old('RPCClient', '2015-12-15');

// A method of an SDK's client with a request of its type.
exports.caller = (sdk, client) => (method, fields, on = client) => {
  const type = sdk[`${method[0].toUpperCase()}${method.slice(1)}Request`];
  return on[method](new type({ regionId: exports.region, ...fields }));
};

// Expects the SDK's own typed error.
exports.refused = async (promise, code, status) => {
  try {
    await promise;
  } catch (error) {
    assert.strictEqual(error.code, code, `${error.code}: ${error.message}`);
    if (status)
      assert.strictEqual(error.statusCode, status);
    return error;
  }
  throw new assert.AssertionError({ message: `not refused, but ${code} was expected` });
};
