// SPDX-License-Identifier: Apache-2.0
'use strict';
// What the Terraform provider "alicloud" sends for a group and its rules, request for request: common parameters in the
// query and the others in a form body; deletion and modification of rules as POST with everything in the query.
const assert = require('assert');
const crypto = require('crypto');

const { VPC, KEY, SECRET, PORT, PROTOCOL } = process.env;
const http = require(PROTOCOL);
const agent = new http.Agent({ keepAlive: true });

// RFC 3986, as the signature has it.
const encode = (text) => encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
const join = (fields) => Object.keys(fields).sort().map((name) => `${encode(name)}=${encode(fields[name])}`).join('&');

function send(action, fields, { form, version = '2014-05-26' }) {
  const common = { Action: action, Version: version, Format: 'JSON', AccessKeyId: KEY, SignatureMethod: 'HMAC-SHA1',
    SignatureVersion: '1.0', SignatureType: '', SignatureNonce: crypto.randomUUID(),
    Timestamp: `${new Date().toISOString().slice(0, 19)}Z` };
  const all = { ...common, RegionId: 'local', ...fields };
  const signature = crypto.createHmac('sha1', `${SECRET}&`).update(`POST&%2F&${encode(join(all))}`).digest('base64');
  const query = join({ ...(form ? common : all), Signature: signature });
  const body = form ? join({ RegionId: 'local', ...fields }) : '';
  return new Promise((resolve, reject) => {
    const request = http.request({ host: '127.0.0.1', port: PORT, method: 'POST', path: `/?${query}`, agent,
      headers: { 'Content-Type': 'application/x-www-form-urlencoded', 'Content-Length': Buffer.byteLength(body) } },
    (response) => {
      let text = '';
      response.on('data', (part) => { text += part; });
      response.on('end', () => resolve({ status: response.statusCode, ...JSON.parse(text) }));
    });
    request.on('error', reject);
    request.end(body);
  });
}

const rpc = (action, fields) => send(action, fields, { form: true });
const common_request = (action, fields) => send(action, fields, { form: false });

async function ok(promise) {
  const answer = await promise;
  assert.strictEqual(answer.status, 200, JSON.stringify(answer));
  return answer;
}

const rule = { Policy: 'accept', Priority: '1', IpProtocol: 'tcp', PortRange: '80/80', SourceCidrIp: '10.1.0.0/16', NicType: 'intranet' };

// As the provider looks for its rule in the first page.
async function find_rule(id, port) {
  const answer = await ok(rpc('DescribeSecurityGroupAttribute', { SecurityGroupId: id, Direction: 'ingress', NicType: '<nil>' }));
  assert.strictEqual(answer.VpcId, VPC);
  return answer.Permissions.Permission.find((one) => one.IpProtocol.toLowerCase() === 'tcp' && one.PortRange === port &&
    one.SourceCidrIp === rule.SourceCidrIp && one.Policy.toLowerCase() === 'accept' && Number(one.Priority) === 1 &&
    one.SecurityGroupRuleId);
}

async function read_group(id) {
  const list = await ok(rpc('DescribeSecurityGroups', { SecurityGroupId: id, PageNumber: '1', PageSize: '50' }));
  assert.strictEqual(list.SecurityGroups.SecurityGroup.length, 1);
  assert.strictEqual(list.SecurityGroups.SecurityGroup[0].VpcId, VPC);
  return { ...list.SecurityGroups.SecurityGroup[0], ...await ok(rpc('DescribeSecurityGroupAttribute', { SecurityGroupId: id })) };
}

const tests = {
  async applies_refreshes_updates_and_destroys_a_group_with_a_rule() {
    const made = await ok(rpc('CreateSecurityGroup', { SecurityGroupName: 'tf-web', Description: 'by terraform', VpcId: VPC,
      SecurityGroupType: 'normal', ClientToken: 'TF-CreateSecurityGroup-1' }));
    const id = made.SecurityGroupId;
    await ok(rpc('DescribeSecurityGroupAttribute', { SecurityGroupId: id }));
    await ok(rpc('ModifySecurityGroupPolicy', { SecurityGroupId: id, InnerAccessPolicy: 'Drop', ClientToken: 'TF-ModifySecurityGroupPolicy-1' }));
    assert.strictEqual((await read_group(id)).InnerAccessPolicy, 'Drop');

    const one = Object.fromEntries(Object.entries(rule).map(([name, value]) => [`Permissions.1.${name}`, value]));
    await ok(rpc('AuthorizeSecurityGroup', { SecurityGroupId: id, ...one, 'Permissions.1.Description': 'web' }));
    assert.ok(await find_rule(id, '80/80'));

    for (let i = 0; i < 2; i++)
      await ok(common_request('ModifySecurityGroupRule', { SecurityGroupId: id, ...rule, Description: 'changed' }));
    assert.strictEqual((await find_rule(id, '80/80')).Description, 'changed');
    await ok(rpc('ModifySecurityGroupAttribute', { SecurityGroupId: id, SecurityGroupName: 'tf-web2', Description: 'by terraform' }));
    assert.strictEqual((await read_group(id)).SecurityGroupName, 'tf-web2');
    // A description that is deleted in the configuration comes as "".
    await ok(common_request('ModifySecurityGroupRule', { SecurityGroupId: id, ...rule, Description: '' }));
    assert.strictEqual((await find_rule(id, '80/80')).Description, '');
    await ok(rpc('ModifySecurityGroupAttribute', { SecurityGroupId: id, Description: '' }));
    const bare = await read_group(id);
    assert.deepStrictEqual([bare.SecurityGroupName, bare.Description], ['tf-web2', '']);

    await ok(rpc('TagResources', { ResourceType: 'securitygroup', 'ResourceId.1': id, 'Tag.1.Key': 'Created', 'Tag.1.Value': 'TF' }));
    await ok(rpc('JoinResourceGroup', { ResourceType: 'securitygroup', ResourceId: id, ResourceGroupId: 'rg-tf' }));
    const tagged = await read_group(id);
    assert.deepStrictEqual([tagged.Tags.Tag, tagged.ResourceGroupId], [[{ TagKey: 'Created', TagValue: 'TF' }], 'rg-tf']);
    await ok(rpc('UntagResources', { ResourceType: 'securitygroup', 'ResourceId.1': id, 'TagKey.1': 'Created' }));
    assert.deepStrictEqual((await read_group(id)).Tags.Tag, []);

    // It repeats a revocation whose answer it lost, and every error but 404 for five minutes.
    await ok(common_request('RevokeSecurityGroup', { SecurityGroupId: id, ...rule, Description: 'changed' }));
    await ok(common_request('RevokeSecurityGroup', { SecurityGroupId: id, ...rule, Description: 'changed' }));
    assert.strictEqual(await find_rule(id, '80/80'), undefined);
    await ok(rpc('DeleteSecurityGroup', { SecurityGroupId: id }));
    const gone = await rpc('DescribeSecurityGroupAttribute', { SecurityGroupId: id });
    assert.deepStrictEqual([gone.status, gone.Code], [404, 'InvalidSecurityGroupId.NotFound']);
    const list = await ok(rpc('DescribeSecurityGroups', { SecurityGroupId: id }));
    assert.deepStrictEqual(list.SecurityGroups.SecurityGroup, []);
    const again = await rpc('DeleteSecurityGroup', { SecurityGroupId: id });
    assert.strictEqual(again.status, 404);
  },

  // A change of an entry's description is the entry taken away and added.
  async keeps_a_prefix_list_as_it_was_written() {
    const made = await ok(rpc('CreatePrefixList', { AddressFamily: 'IPv4', MaxEntries: '2', PrefixListName: 'tf-offices',
      Description: 'offices', ClientToken: 'TF-CreatePrefixList-1', 'Entry.1.Cidr': '192.0.2.0/24', 'Entry.1.Description': 'north',
      'Entry.2.Cidr': '198.51.100.0/24', 'Entry.2.Description': '' }));
    const id = made.PrefixListId;
    const read = async () => {
      const list = await ok(rpc('DescribePrefixListAttributes', { PrefixListId: id }));
      return [list.AddressFamily, list.MaxEntries, list.PrefixListName, list.Description,
        list.Entries.Entry.map((one) => `${one.Cidr} ${one.Description}`)];
    };
    assert.deepStrictEqual(await read(), ['IPv4', 2, 'tf-offices', 'offices', ['192.0.2.0/24 north', '198.51.100.0/24 ']]);
    await ok(rpc('ModifyPrefixList', { PrefixListId: id, PrefixListName: 'tf-offices2', Description: 'all offices',
      'RemoveEntry.1.Cidr': '192.0.2.0/24', 'RemoveEntry.2.Cidr': '198.51.100.0/24', 'AddEntry.1.Cidr': '192.0.2.0/24',
      'AddEntry.1.Description': '', 'AddEntry.2.Cidr': '203.0.113.0/24', 'AddEntry.2.Description': 'south' }));
    assert.deepStrictEqual(await read(), ['IPv4', 2, 'tf-offices2', 'all offices', ['192.0.2.0/24 ', '203.0.113.0/24 south']]);
    await ok(rpc('DeletePrefixList', { PrefixListId: id }));
    const gone = await rpc('DescribePrefixListAttributes', { PrefixListId: id });
    assert.deepStrictEqual([gone.status, gone.Code], [404, 'InvalidPrefixListId.NotFound']);
  },

  // The data sources alicloud_vpcs and alicloud_vswitches read these members without looking.
  async finds_vpcs_and_vswitches_for_its_data_sources() {
    const vpcs = async (filter) => (await ok(rpc('DescribeVpcs', { PageNumber: '1', PageSize: '50', ...filter }))).Vpcs.Vpc;
    const vpc = (await vpcs({})).find((one) => one.VpcId === VPC);
    assert.deepStrictEqual([vpc.SecondaryCidrBlocks.SecondaryCidrBlock, vpc.UserCidrs.UserCidr, vpc.VSwitchIds.VSwitchId.length], [[], [], 1]);
    const tables = await send('DescribeRouteTableList', { VpcId: VPC, PageNumber: '1', PageSize: '50' }, { form: true, version: '2016-04-28' });
    assert.deepStrictEqual([tables.status, tables.RouterTableList], [200, { RouterTableListType: [] }]);
    const switches = async (filter) => (await ok(rpc('DescribeVSwitches', { PageNumber: '1', PageSize: '50', ...filter }))).VSwitches.VSwitch;
    const [vswitch] = await switches({ VpcId: VPC });
    assert.deepStrictEqual([vswitch.VSwitchId, vswitch.RouteTable.RouteTableId], [vpc.VSwitchIds.VSwitchId[0], '']);
    // A filter that is not looked at would find the wrong one.
    assert.deepStrictEqual([vpc.IsDefault, (await vpcs({ IsDefault: 'true' })).length, (await vpcs({ IsDefault: 'false' })).length > 0], [false, 0, true]);
    assert.deepStrictEqual(await vpcs({ 'Tag.1.Key': 'env', 'Tag.1.Value': 'prod' }), []);
    assert.deepStrictEqual(await switches({ ResourceGroupId: 'rg-1' }), []);
  },

  async answers_errors_as_xml_when_asked() {
    const answer = await new Promise((resolve, reject) => {
      http.get({ host: '127.0.0.1', port: PORT, path: '/?Action=DescribeRegions&Format=XML', agent }, (response) => {
        let text = '';
        response.on('data', (part) => { text += part; });
        response.on('end', () => resolve({ status: response.statusCode, type: response.headers['content-type'], text }));
      }).on('error', reject);
    });
    assert.strictEqual(answer.status, 400);
    assert.match(answer.type, /xml/);
    assert.match(answer.text, /<Error><RequestId>[0-9A-F-]{36}<\/RequestId>.*<Code>IncompleteSignature<\/Code>/);
  },
};

require('./run').run(tests);
