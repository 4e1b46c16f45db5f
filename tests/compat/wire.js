// SPDX-License-Identifier: Apache-2.0
'use strict';
// Requests byte by byte: chunked and empty bodies, kept connections, errors as XML, and what is signed another way.
const assert = require('assert');
const crypto = require('crypto');

const { KEY, SECRET, PORT, PROTOCOL } = process.env;
const http = require(PROTOCOL);
const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });

const encode = (text) => encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
const join = (fields) => Object.keys(fields).sort().map((name) => `${encode(name)}=${encode(fields[name])}`).join('&');
const sha256 = (text) => crypto.createHash('sha256').update(text).digest('hex');
const now = () => `${new Date().toISOString().slice(0, 19)}Z`;

function send(method, path, headers, chunks, through = agent) {
  return new Promise((resolve, reject) => {
    const request = http.request({ host: '127.0.0.1', port: PORT, method, path, headers, agent: through }, (response) => {
      let text = '';
      response.on('data', (part) => { text += part; });
      response.on('end', () => resolve({ status: response.statusCode, type: response.headers['content-type'], text,
        body: text.startsWith('{') ? JSON.parse(text) : text, reused: request.reusedSocket }));
    });
    request.on('error', reject);
    for (const chunk of chunks || [])
      request.write(chunk);
    request.end();
  });
}

// The three ways to sign; 'change' may spoil the request after that.
function rpc(method, fields, change = (request) => request) {
  const all = { Action: 'DescribeRegions', Version: '2014-05-26', Format: 'JSON', AccessKeyId: KEY, SignatureMethod: 'HMAC-SHA1',
    SignatureVersion: '1.0', SignatureNonce: crypto.randomUUID(), Timestamp: now(), ...fields };
  const text = `${method}&%2F&${encode(join(all))}`;
  all.Signature = crypto.createHmac('sha1', `${SECRET}&`).update(text).digest('base64');
  return change({ method, path: `/?${join(all)}`, form: join(all), headers: {} });
}

function acs3(method, path, query, body, change = (request) => request) {
  const headers = { host: `127.0.0.1:${PORT}`, 'x-acs-action': 'Any', 'x-acs-version': '2015-12-15', 'x-acs-date': now(),
    'x-acs-signature-nonce': crypto.randomUUID(), 'x-acs-content-sha256': sha256(body) };
  if (body)
    headers['content-type'] = 'application/json';
  const names = Object.keys(headers).sort();
  const canonical = [method, path, join(query), names.map((name) => `${name}:${headers[name]}\n`).join(''), names.join(';'),
    sha256(body)].join('\n');
  const signature = crypto.createHmac('sha256', SECRET).update(`ACS3-HMAC-SHA256\n${sha256(canonical)}`).digest('hex');
  headers.authorization = `ACS3-HMAC-SHA256 Credential=${KEY},SignedHeaders=${names.join(';')},Signature=${signature}`;
  return change({ method, path: Object.keys(query).length ? `${path}?${join(query)}` : path, headers, body });
}

function roa(method, path, query, body, change = (request) => request) {
  const headers = { accept: 'application/json', date: new Date().toUTCString(), 'x-acs-signature-nonce': crypto.randomUUID(),
    'x-acs-version': '2015-12-15' };
  if (body) {
    headers['content-type'] = 'application/json';
    headers['content-md5'] = crypto.createHash('md5').update(body).digest('base64');
  }
  const plain = Object.keys(query).sort().map((name) => `${name}=${query[name]}`).join('&');
  const text = [method, headers.accept, headers['content-md5'] || '', headers['content-type'] || '', headers.date].join('\n') +
    `\nx-acs-signature-nonce:${headers['x-acs-signature-nonce']}\nx-acs-version:${headers['x-acs-version']}\n${path}${plain && '?'}${plain}`;
  headers.authorization = `acs ${KEY}:${crypto.createHmac('sha1', SECRET).update(text).digest('base64')}`;
  return change({ method, path: plain ? `${path}?${join(query)}` : path, headers, body });
}

const go = (request, through) => send(request.method, request.path, request.headers, request.body ? [request.body] : [], through);
const flip = (text, at) => text.slice(0, at) + String.fromCharCode(text.charCodeAt(at) ^ 1) + text.slice(at + 1);

const tests = {
  async keeps_a_connection_over_requests_of_all_kinds() {
    const one = new http.Agent({ keepAlive: true, maxSockets: 1 });
    assert.strictEqual((await go(rpc('GET', {}), one)).status, 200);
    for (const request of [rpc('POST', {}), acs3('GET', '/clusters', {}, ''), roa('GET', '/clusters', {}, ''),
      acs3('GET', '/api/v1/clusters', { page_size: '1' }, '')]) {
      const answer = await go(request, one);
      assert.deepStrictEqual([answer.status, answer.reused], [200, true]);
    }
    one.destroy();
  },

  async takes_bodies_whole_chunked_and_empty() {
    const form = { 'Content-Type': 'application/x-www-form-urlencoded' };
    const whole = rpc('POST', {});
    assert.strictEqual((await send('POST', '/', { ...form, 'Content-Length': Buffer.byteLength(whole.form) }, [whole.form])).status, 200);
    const cut = rpc('POST', {}).form;
    const chunks = [cut.slice(0, 7), cut.slice(7, 60), cut.slice(60)];
    assert.strictEqual((await send('POST', '/', { ...form, 'Transfer-Encoding': 'chunked' }, chunks)).status, 200);
    assert.strictEqual((await send('POST', rpc('POST', {}).path, { ...form, 'Content-Length': 0 })).status, 200);
    const body = JSON.stringify({ cluster_type: 'Mesos', name: 'x' });
    for (const request of [acs3('POST', '/clusters', {}, body), roa('POST', '/clusters', {}, body)]) {
      const answer = await send('POST', '/clusters', { ...request.headers, 'Transfer-Encoding': 'chunked' }, [body.slice(0, 9), body.slice(9)]);
      assert.match(answer.body.code, /MissingParameter|InvalidParameter/);
    }
    const empty = roa('POST', '/clusters', {}, '');
    assert.strictEqual((await send('POST', '/clusters', { ...empty.headers, 'Content-Length': 0 })).body.code, 'MissingParameter');
  },

  async tells_errors_as_xml_where_format_asks() {
    const asked = await go(rpc('GET', { Action: 'Nothing', Format: 'XML' }));
    assert.strictEqual(asked.status, 404);
    assert.match(asked.type, /text\/xml/);
    assert.match(asked.text, /^<\?xml.*\n?<Error><RequestId>[0-9A-F-]{36}<\/RequestId><HostId>.*<Code>InvalidAction.NotFound<\/Code><Message>.*<\/Message>/);
    const json = await go(rpc('GET', { Action: 'Nothing' }));
    assert.deepStrictEqual(Object.keys(json.body), ['RequestId', 'HostId', 'Code', 'Message', 'Recommend']);
    const hostile = await go(rpc('GET', { Action: '<&>', Format: 'xml' }));
    assert.match(hostile.text, /&lt;&amp;&gt;/);
    const service = await go(roa('GET', '/clusters/c0', {}, ''));
    assert.deepStrictEqual([service.body.code, service.body.status, service.body.statusCode], ['ErrorClusterNotFound', 404, 404]);
    assert.strictEqual(service.body.message, service.body.Message);
  },

  async takes_each_way_of_signing_only_where_it_covers_the_request() {
    const { path } = rpc('GET', { Version: '2015-12-15' });
    assert.strictEqual((await send('GET', path.replace('/?', '/clusters?'), {})).body.code, 'IncompleteSignature');
    assert.strictEqual((await go(roa('GET', '/', { Action: 'DescribeRegions' }, ''))).body.Code, 'IncompleteSignature');
    assert.strictEqual((await send('GET', '/clusters', {})).body.code, 'IncompleteSignature');
    assert.strictEqual((await go(roa('GET', '/clusters', { name: 'a&b' }, ''))).body.code, 'InvalidParameter');
    assert.strictEqual((await go(roa('GET', '/clusters', { name: 'a b=c' }, ''))).status, 200);
    assert.strictEqual((await go(acs3('GET', '/clusters', { name: 'a&b*~ c' }, ''))).status, 200);
    assert.strictEqual((await go(rpc('GET', { Version: '2014-01-01' }))).body.Code, 'InvalidVersion');
    assert.strictEqual((await go(rpc('PUT', {}))).body.Code, 'UnsupportedHTTPMethod');
  },

  async refuses_a_request_that_was_changed_or_is_sent_twice() {
    const body = JSON.stringify({ name: 'c1' });
    const spoilt = [
      (request) => ({ ...request, headers: { ...request.headers, authorization: flip(request.headers.authorization, request.headers.authorization.length - 4) } }),
      (request) => ({ ...request, headers: { ...request.headers, 'x-acs-signature-nonce': flip(request.headers['x-acs-signature-nonce'], 3) } }),
      (request) => ({ ...request, body: flip(request.body, 10) }),
      (request) => ({ ...request, path: flip(request.path, request.path.length - 1) }),
    ];
    for (const change of spoilt) {
      for (const sign of [acs3, roa]) {
        const answer = await go(sign('POST', '/clusters', { a: 'b' }, body, change));
        assert.match(answer.body.code, /SignatureDoesNotMatch|IncompleteSignature/);
      }
    }
    for (const sign of [acs3, roa]) {
      const request = sign('GET', '/clusters', {}, '');
      assert.strictEqual((await go(request)).status, 200);
      assert.strictEqual((await go(request)).body.code, 'SignatureNonceUsed');
    }
    const late = (request) => ({ ...request, headers: { ...request.headers, date: 'Mon, 23 Nov 2020 23:04:23 GMT' } });
    assert.strictEqual((await go(roa('GET', '/clusters', {}, '', late))).body.code, 'IllegalTimestamp');
  },
};

require('./run').run(tests);
