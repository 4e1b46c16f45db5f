// SPDX-License-Identifier: Apache-2.0
'use strict';
// The Container Service by its SDK (ACS3) and by the older client (ROA and RPC): the life of clusters and of their groups.
const assert = require('assert');
const cs = require('@alicloud/cs20151215');
const ecs = require('@alicloud/ecs20140526');
const clients = require('./client');

const { VPC, VIEWER_KEY, VIEWER_SECRET } = process.env;
const { region, refused } = clients;
const client = new cs.default(clients.config());
const roa = clients.old_cs();
const rpc = clients.old_cs_rpc();
const ecs_client = new ecs.default(clients.config());
const ecs_call = clients.caller(ecs, ecs_client);
const json = { 'content-type': 'application/json' };

const detail = async (id) => (await client.describeClusterDetail(id)).body;
const group_of = async (id) => (await ecs_call('describeSecurityGroups', { securityGroupId: id })).body.securityGroups.securityGroup[0];
const rules_of = async (id) =>
  (await ecs_call('describeSecurityGroupAttribute', { securityGroupId: id })).body.permissions.permission;
const create = (fields) => client.createCluster(new cs.CreateClusterRequest({ regionId: region, ...fields }));
const post = (path, body, method = 'POST', query = {}) => roa.request(method, path, query, body ? JSON.stringify(body) : '', json);

let swarm = '';
let kube = '';

const tests = {
  async creates_a_swarm_cluster_with_the_group_of_the_cloud() {
    const made = await post('/clusters', { name: 'swarm-1', size: 0, network_mode: 'vpc', subnet_cidr: '172.18.1.0/24', vpc_id: VPC,
      password: 'Hello1234', instance_type: 'ecs.n4.small', tags: [{ key: 'env', value: 'prod' }], resource_group_id: 'rg-ops1' });
    swarm = made.cluster_id;
    assert.match(swarm, /^c[0-9a-f]{32}$/);
    assert.match(made.task_id, /^T-\d+$/);
    const shown = await roa.request('GET', `/clusters/${swarm}`);
    assert.deepStrictEqual([shown.name, shown.cluster_type, shown.state, shown.size, shown.vpc_id, shown.network_mode, shown.subnet_cidr],
      ['swarm-1', 'aliyun', 'inactive', 0, VPC, 'vpc', '172.18.0.0/16']);
    assert.deepStrictEqual([shown.region_id, shown.resource_group_id, shown.tags.length, shown.tags[0].key, shown.tags[0].value],
      [region, 'rg-ops1', 1, 'env', 'prod']);
    // Clients in Go stop at a time that is "": it is a time, or null.
    assert.ok(Math.abs(Date.parse(shown.created) - Date.now()) < 3600e3, shown.created);
    assert.strictEqual(shown.updated, null);
    assert.deepStrictEqual(JSON.parse(shown.meta_data), {});
    const unknown = Object.keys(shown).filter((key) => shown[key] === '' && /version|spec|cidr_mask|proxy|service|url|role/.test(key));
    assert.deepStrictEqual(unknown, [], 'what is not known is null');
    const group = await group_of(shown.security_group_id);
    assert.deepStrictEqual([group.securityGroupName, group.description, group.serviceManaged, group.vpcId],
      [`alicloud-cs-auto-created-security-group-${swarm}`, `security group of ACS Cluster ${swarm}`, true, VPC]);
    const rules = (await rules_of(group.securityGroupId))
      .map((one) => [one.ipProtocol, one.portRange, one.sourceCidrIp, one.policy, one.priority, one.nicType].join(' ')).sort();
    assert.deepStrictEqual(rules, [
      'ALL -1/-1 172.18.0.0/16 Accept 1 intranet',
      'ICMP -1/-1 0.0.0.0/0 Accept 1 intranet',
      'TCP 22/22 0.0.0.0/0 Accept 1 intranet',
      'TCP 443/443 0.0.0.0/0 Accept 1 intranet',
      'TCP 80/80 0.0.0.0/0 Accept 1 intranet',
    ]);
    await refused(ecs_call('deleteSecurityGroup', { securityGroupId: group.securityGroupId }), 'InvalidOperation.DeletionProtection', 403);
  },

  async creates_a_kubernetes_cluster_by_its_vswitch() {
    const vswitch = (await roa.request('GET', `/clusters/${swarm}`)).vswitch_id;
    const body = (await create({ name: 'kube-1', clusterType: 'ManagedKubernetes', vswitchIds: [vswitch], containerCidr: '172.24.0.0/20',
      serviceCidr: '172.21.0.0/20', numOfNodes: 3, snatEntry: true })).body;
    kube = body.clusterId;
    const shown = await detail(kube);
    assert.deepStrictEqual([shown.clusterType, shown.state, shown.vpcId, shown.vswitchIds, shown.containerCidr, shown.deletionProtection],
      ['Kubernetes', 'running', VPC, [vswitch], '172.24.0.0/20', false]);
    const ports = (await rules_of(shown.securityGroupId)).map((one) => one.portRange);
    assert.ok(ports.includes('6443/6443'));
  },

  async lists_clusters_in_all_three_ways() {
    const all = await roa.request('GET', '/clusters');
    assert.ok(Array.isArray(all));
    assert.strictEqual(all.length, 3);
    assert.deepStrictEqual((await roa.request('GET', '/clusters', { name: 'swarm-1' })).map((one) => one.cluster_id), [swarm]);
    const old = (await client.describeClusters(new cs.DescribeClustersRequest({ name: 'kube-1', clusterType: 'Kubernetes' }))).body;
    assert.deepStrictEqual(old.map((one) => one.clusterId), [kube]);
    // It was made as a managed one, and is found as such.
    const managed = (await client.describeClustersV1(new cs.DescribeClustersV1Request({ clusterType: 'ManagedKubernetes' }))).body;
    assert.deepStrictEqual(managed.clusters.map((one) => one.clusterId), [kube]);
    const unknown = (await client.describeClustersV1(new cs.DescribeClustersV1Request({ clusterType: 'Nomad' }))).body;
    assert.deepStrictEqual(unknown.clusters, []);
    const page = (await client.describeClustersV1(new cs.DescribeClustersV1Request({ regionId: region, pageSize: 2, pageNumber: 2 }))).body;
    assert.deepStrictEqual([page.clusters.length, page.pageInfo.totalCount, page.pageInfo.pageNumber, page.pageInfo.pageSize], [1, 3, 2, 2]);
    const one = (await client.describeClustersV1(new cs.DescribeClustersV1Request({ name: 'kube-1' }))).body;
    assert.deepStrictEqual(one.clusters.map((cluster) => cluster.clusterId), [kube]);
  },

  async tells_of_the_nodes_of_a_cluster() {
    const demo = (await roa.request('GET', '/clusters', { name: 'demo' }))[0].cluster_id;
    const body = (await client.describeClusterNodes(demo, new cs.DescribeClusterNodesRequest({ pageSize: '50' }))).body;
    assert.deepStrictEqual([body.page.totalCount, body.nodes[0].nodeName, body.nodes[0].ipAddress, body.nodes[0].isAliyunNode],
      [1, 'node-1', ['10.0.0.9'], false]);
    assert.ok(Date.parse(body.nodes[0].creationTime) > 0);
    const none = (await client.describeClusterNodes(demo, new cs.DescribeClusterNodesRequest({ nodeNames: 'a,b' }))).body;
    assert.strictEqual(none.nodes.length, 0);
    const by_address = (await client.describeClusterNodes(demo, new cs.DescribeClusterNodesRequest({ nodeIps: '10.0.0.8,10.0.0.9' }))).body;
    assert.strictEqual(by_address.nodes.length, 1);
    await refused(client.removeClusterNodes(demo, new cs.RemoveClusterNodesRequest({ nodes: ['node-9'] })), 'ErrorNodeNotFound', 404);
    await refused(client.removeClusterNodes(demo, new cs.RemoveClusterNodesRequest({ nodes: ['node-1'], releaseNode: true })),
      'OperationNotSupported', 400);
    await refused(post(`/clusters/${demo}/ip/10.0.0.9`, null, 'DELETE', { releaseInstance: 'true' }), 'OperationNotSupported');
    await refused(post(`/clusters/${demo}/ip/10.9.9.9`, null, 'DELETE'), 'ErrorNodeNotFound');
  },

  async renames_a_cluster_in_both_ways() {
    await post(`/clusters/${swarm}/name/swarm-2`);
    assert.strictEqual((await detail(swarm)).name, 'swarm-2');
    const body = (await client.modifyCluster(swarm, new cs.ModifyClusterRequest({ clusterName: 'swarm-1' }))).body;
    assert.strictEqual(body.clusterId, swarm);
    assert.strictEqual((await detail(swarm)).name, 'swarm-1');
    await refused(post(`/clusters/${swarm}/name/kube-1`), 'ErrorClusterNameAlreadyExist');
    await refused(client.modifyCluster(swarm, new cs.ModifyClusterRequest({ clusterName: '-x' })), 'InvalidClusterName.Malformed', 400);
  },

  async binds_a_cluster_to_another_group_and_back() {
    const before = (await detail(swarm)).securityGroupId;
    const group = (await ecs_call('createSecurityGroup', { vpcId: VPC, securityGroupName: 'own' })).body.securityGroupId;
    await ecs_call('authorizeSecurityGroup', { securityGroupId: group, permissions: [
      new ecs.AuthorizeSecurityGroupRequestPermissions({ ipProtocol: 'TCP', portRange: '22/22', sourceCidrIp: '10.0.0.0/16' })] });
    await client.modifyCluster(swarm, new cs.ModifyClusterRequest({ securityGroupId: group }));
    assert.strictEqual((await detail(swarm)).securityGroupId, group);
    assert.strictEqual((await rules_of(group)).length, 1, 'no rules are added');
    assert.strictEqual((await group_of(group)).serviceManaged, true);
    assert.strictEqual((await group_of(before)).serviceManaged, false);
    assert.strictEqual((await rules_of(before)).length, 5);
    await refused(client.modifyCluster(kube, new cs.ModifyClusterRequest({ securityGroupId: group })), 'InvalidParameter', 400);
    await refused(client.modifyCluster(kube, new cs.ModifyClusterRequest({ securityGroupId: 'sg-0' })), 'InvalidSecurityGroupId.NotFound', 404);
    // A guard watches this as every change: back to a group that opens SSH to the internet is refused.
    const back = () => client.modifyCluster(swarm, new cs.ModifyClusterRequest({ securityGroupId: before }));
    await refused(back(), 'InvalidOperation.Guarded', 403);
    await ecs_call('revokeSecurityGroup', { securityGroupId: before, permissions: [
      new ecs.RevokeSecurityGroupRequestPermissions({ ipProtocol: 'TCP', portRange: '22/22', sourceCidrIp: '0.0.0.0/0' })] });
    await back();
    await ecs_call('deleteSecurityGroup', { securityGroupId: group });
  },

  async creates_a_cluster_with_a_group_that_is_there() {
    const group = (await ecs_call('createSecurityGroup', { vpcId: VPC, securityGroupName: 'given' })).body.securityGroupId;
    const count = (await ecs_call('describeSecurityGroups', {})).body.totalCount;
    const id = (await create({ name: 'given-1', vpcid: VPC, clusterType: 'Kubernetes', securityGroupId: group })).body.clusterId;
    assert.strictEqual((await detail(id)).securityGroupId, group);
    assert.strictEqual((await rules_of(group)).length, 0);
    assert.strictEqual((await ecs_call('describeSecurityGroups', {})).body.totalCount, count, 'no other group is made');
    await client.deleteCluster(id, new cs.DeleteClusterRequest({ retainAllResources: true }));
    await refused(client.describeClusterDetail(id), 'ErrorClusterNotFound', 404);
  },

  async checks_fixes_and_rebinds_a_group() {
    const group = (await detail(kube)).securityGroupId;
    await ecs_call('authorizeSecurityGroup', { securityGroupId: group, permissions: [
      new ecs.AuthorizeSecurityGroupRequestPermissions({ ipProtocol: 'TCP', portRange: '6379/6379', sourceCidrIp: '0.0.0.0/0' })] })
      .catch((error) => assert.strictEqual(error.code, 'InvalidOperation.Guarded'));
    await ecs_call('authorizeSecurityGroup', { securityGroupId: group, permissions: [
      new ecs.AuthorizeSecurityGroupRequestPermissions({ ipProtocol: 'TCP', portRange: '8080/8080', sourceCidrIp: '0.0.0.0/0' })] });
    const found = await rpc.request('CheckSecurityGroup', { ClusterId: kube }, { method: 'GET' });
    assert.strictEqual(found.cluster_id, kube);
    assert.strictEqual(found.security_group_id, group);
    assert.ok(Array.isArray(found.audit.findings));
    const same = await roa.request('GET', `/clusters/${kube}/security_group/check`);
    assert.deepStrictEqual(same.audit, found.audit);
    const fixed = await rpc.request('FixSecurityGroup', { ClusterId: kube }, { method: 'POST' });
    assert.strictEqual(fixed.security_group_id, group);
    assert.strictEqual((await post(`/clusters/${kube}/security_group/fix`)).changed, false, 'the second fix finds nothing');
    const rebound = await rpc.request('ReBindSecurityGroup', { ClusterId: kube }, { method: 'POST' });
    assert.strictEqual(rebound.changed, true);
    assert.notStrictEqual(rebound.security_group_id, group);
    assert.strictEqual((await detail(kube)).securityGroupId, rebound.security_group_id);
    assert.strictEqual((await rules_of(rebound.security_group_id)).length, 6);
    assert.strictEqual((await group_of(rebound.security_group_id)).securityGroupName, `alicloud-cs-auto-created-security-group-${kube}`);
    assert.strictEqual(await group_of(group), undefined);
    const again = await post(`/clusters/${kube}/security_group/rebind`);
    assert.notStrictEqual(again.security_group_id, rebound.security_group_id);
    await refused(rpc.request('CheckSecurityGroup', {}, { method: 'GET' }), 'MissingParameter');
    await refused(rpc.request('CheckSecurityGroup', { ClusterId: 'c0' }, { method: 'GET' }), 'ErrorClusterNotFound');
  },

  async keeps_tags_of_clusters() {
    await client.modifyClusterTags(swarm, new cs.ModifyClusterTagsRequest({ body: [new cs.Tag({ key: 'team', value: 'a' })] }));
    assert.deepStrictEqual((await detail(swarm)).tags.map((one) => [one.key, one.value]), [['team', 'a']]);
    await client.tagResources(new cs.TagResourcesRequest({ regionId: region, resourceType: 'CLUSTER', resourceIds: [swarm, kube],
      tags: [new cs.Tag({ key: 'env', value: 'test' })] }));
    const list = async (fields) => (await client.listTagResources(new cs.ListTagResourcesRequest({ regionId: region,
      resourceType: 'CLUSTER', resourceIds: [swarm, kube], ...fields }))).body.tagResources.tagResource
      .map((one) => `${one.resourceId === swarm ? 'swarm' : 'kube'} ${one.tagKey}=${one.tagValue}`).sort();
    assert.deepStrictEqual(await list(), ['kube env=test', 'swarm env=test', 'swarm team=a']);
    assert.deepStrictEqual(await list({ tags: [new cs.Tag({ key: 'team', value: 'a' })] }), ['swarm env=test', 'swarm team=a']);
    await client.untagResources(new cs.UntagResourcesRequest({ regionId: region, resourceType: 'CLUSTER', resourceIds: [swarm],
      tagKeys: ['team'] }));
    assert.deepStrictEqual(await list(), ['kube env=test', 'swarm env=test']);
    await refused(client.tagResources(new cs.TagResourcesRequest({ resourceType: 'CLUSTER', resourceIds: ['c0'],
      tags: [new cs.Tag({ key: 'env' })] })), 'ErrorClusterNotFound', 404);
    await refused(client.tagResources(new cs.TagResourcesRequest({ resourceType: 'CLUSTER', resourceIds: [swarm],
      tags: [new cs.Tag({ key: 'acs:x' })] })), 'InvalidTagKey.Malformed', 400);
    assert.strictEqual((await detail(swarm)).resourceGroupId, 'rg-ops1', 'a resource group is no tag of the user');
  },

  async tells_how_far_a_task_is() {
    const task = (await client.modifyCluster(swarm, new cs.ModifyClusterRequest({}))).body.taskId;
    assert.strictEqual((await client.describeTaskInfo(task)).body.state, 'success');
    await refused(client.describeTaskInfo('T-99999999'), 'ErrorTaskNotFound', 404);
  },

  async says_what_a_self_hosted_cluster_cannot_answer() {
    const paths = [['GET', `/clusters/${swarm}/certs`], ['PUT', `/clusters/${swarm}`], ['POST', `/api/v2/clusters/${kube}`],
      ['POST', `/clusters/${kube}/attach`], ['GET', `/k8s/${kube}/user_config`], ['GET', '/quota'], ['GET', `/clusters/${kube}/resources`],
      ['POST', `/api/v2/clusters/${kube}/upgrade`], ['GET', `/clusters/${kube}/nodepools`], ['GET', `/clusters/${kube}/endpoints`]];
    for (const [method, path] of paths) {
      const error = await refused(post(path, method === 'GET' ? null : {}, method), 'OperationNotSupported');
      assert.match(error.message, /: .{30,}/, 'it says what is in its place');
    }
    await refused(client.describeUserQuota(), 'OperationNotSupported', 400);
    await refused(client.describeClusterUserKubeconfig(kube, new cs.DescribeClusterUserKubeconfigRequest({})), 'OperationNotSupported', 400);
    await refused(create({ name: 'x', vpcid: VPC, deletionProtection: true }), 'OperationNotSupported', 400);
    await refused(create({ name: 'x', vpcid: VPC, isEnterpriseSecurityGroup: true }), 'OperationNotSupported', 400);
    await refused(post('/nothing'), 'InvalidAction.NotFound');
    await refused(post('/clusters', null, 'DELETE'), 'UnsupportedHTTPMethod');
  },

  async names_every_mistake_around_a_cluster() {
    const make = (fields) => create({ name: 'bad', vpcid: VPC, ...fields });
    await refused(make({ name: undefined }), 'MissingParameter', 400);
    await refused(make({ name: 'kube-1' }), 'ErrorClusterNameAlreadyExist', 400);
    await refused(make({ name: '-bad' }), 'InvalidClusterName.Malformed', 400);
    await refused(make({ vpcid: 'vpc-0' }), 'InvalidVpcId.NotFound', 404);
    await refused(make({ vpcid: undefined }), 'MissingParameter', 400);
    await refused(make({ vswitchIds: ['vsw-0'] }), 'InvalidVSwitchId.NotFound', 404);
    await refused(make({ containerCidr: '172.20.0.0' + '/33' }), 'InvalidCIDR', 400);
    await refused(make({ containerCidr: '10.0.1.0/24' }), 'InvalidCIDR', 400);
    await refused(make({ clusterType: 'Mesos' }), 'InvalidParameter', 400);
    await refused(make({ regionId: 'cn-hangzhou' }), 'InvalidRegionId.NotFound', 404);
    await refused(make({ securityGroupId: 'sg-0' }), 'InvalidSecurityGroupId.NotFound', 404);
    await refused(post('/clusters', { name: 'bad', network_mode: 'vpc', vpc_id: VPC }), 'EmptyCIDR');
    await refused(roa.request('POST', '/clusters', {}, '{"name":', json), 'InvalidParameter');
    await refused(post('/clusters', { name: 7 }), 'InvalidParameter');
    await refused(client.describeClusterDetail('c0'), 'ErrorClusterNotFound', 404);
    await refused(client.deleteCluster('c0', new cs.DeleteClusterRequest({})), 'ErrorClusterNotFound', 404);
    assert.strictEqual((await roa.request('GET', '/clusters')).length, 3, 'a refused request makes nothing');
  },

  async knows_who_calls() {
    await refused(clients.old_cs('wrong').request('GET', '/clusters'), 'SignatureDoesNotMatch');
    await refused(new cs.default(clients.config(undefined, 'wrong')).describeClusterDetail(swarm), 'SignatureDoesNotMatch', 400);
    const viewer = new cs.default(clients.config(VIEWER_KEY, VIEWER_SECRET));
    assert.strictEqual((await viewer.describeClusterDetail(swarm)).body.name, 'swarm-1');
    await refused(viewer.deleteCluster(swarm, new cs.DeleteClusterRequest({})), 'Forbidden.RAM', 403);
  },

  async removes_nodes_and_deletes_clusters() {
    const demo = (await roa.request('GET', '/clusters', { name: 'demo' }))[0].cluster_id;
    // Its agent is away, so that nothing could tell it.
    await refused(client.removeClusterNodes(demo, new cs.RemoveClusterNodesRequest({ nodes: ['node-1'] })), 'InvalidOperation.Guarded', 403);
    const group = (await detail(swarm)).securityGroupId;
    assert.strictEqual((await post(`/clusters/${swarm}`, null, 'DELETE')).cluster_id, swarm);
    assert.strictEqual(await group_of(group), undefined, 'the group goes with its cluster');
    await client.deleteCluster(kube, new cs.DeleteClusterRequest({}));
    await refused(roa.request('GET', `/clusters/${kube}`), 'ErrorClusterNotFound');
  },
};

require('./run').run(tests);
