// SPDX-License-Identifier: Apache-2.0
import { Alert, Form, Input, Select } from "antd";
import { useTranslation } from "react-i18next";
import { useCollection } from "../../api/collect";
import { useReview } from "../../change/review";
import { FormDrawer } from "../../components/form-drawer";
import type { Cluster } from "../../model/cluster";
import type { Node } from "../../model/node";
import { nodeCreation, nodePatch, nodeValues, type NodeValues } from "../../model/node-form";
import { InterfaceFields } from "./interface-fields";

type Props = { node?: Node; cluster?: Cluster; open: boolean; onClose: () => void };

/** Records a machine without an agent, or changes what people say of a node. */
export function NodeForm({ node, cluster, open, onClose }: Props) {
  const { t } = useTranslation("nodes");
  const review = useReview();
  const title = node ? t("form.edit", { name: node.name }) : t("form.create");

  const submit = async (values: NodeValues) => {
    const all = { ...nodeValues(node, cluster?.id), ...values };
    const made = await review({
      title: node ? title : t("form.create-named", { name: values.name }),
      request: node
        ? { method: "patch", path: "/v1/nodes/{ref}", params: { path: { ref: node.id } }, body: nodePatch(node, all) }
        : { method: "post", path: "/v1/nodes", body: nodeCreation(all) },
    });
    if (made) onClose();
  };

  return (
    <FormDrawer<NodeValues>
      open={open}
      title={title}
      initial={nodeValues(node, cluster?.id)}
      submit={t("form.submit")}
      onSubmit={(values) => void submit(values)}
      onClose={onClose}
    >
      {!node && <Alert type="info" showIcon title={t("form.no-agent")} style={{ marginBottom: 16 }} />}
      <Form.Item name="name" label={t("name")} rules={[{ required: true, whitespace: true, message: t("form.no-name") }]}>
        <Input maxLength={63} placeholder="backup-1" autoFocus />
      </Form.Item>
      {!node && !cluster && <PlaceFields />}
      <GroupField network={node?.network ?? cluster?.network} inCluster={Boolean(node?.cluster || cluster)} />
      {node?.agent !== "managed" && <InterfaceFields />}
    </FormDrawer>
  );
}

/** In a cluster, or free-standing in a network. */
function PlaceFields() {
  const { t } = useTranslation("nodes");
  const chosen = Form.useWatch("cluster", Form.useFormInstance<NodeValues>());
  const clusters = useCollection("/v1/clusters");
  const networks = useCollection("/v1/networks");
  return (
    <>
      <Form.Item name="cluster" label={t("cluster")}>
        <Select
          allowClear
          placeholder={t("free")}
          showSearch={{ optionFilterProp: "label" }}
          options={clusters.data?.map(({ id, name }) => ({ value: id, label: name }))}
        />
      </Form.Item>
      {!chosen && (
        <Form.Item name="network" label={t("network")} rules={[{ required: true, message: t("form.no-network") }]}>
          <Select options={networks.data?.map(({ id, name }) => ({ value: id, label: name }))} />
        </Form.Item>
      )}
    </>
  );
}

function GroupField({ network, inCluster }: { network?: string; inCluster: boolean }) {
  const { t } = useTranslation("nodes");
  const form = Form.useFormInstance<NodeValues>();
  const chosenNetwork = Form.useWatch("network", form);
  const chosenCluster = Form.useWatch("cluster", form);
  const groups = useCollection("/v1/security-groups");
  const within = network ?? (chosenCluster ? undefined : chosenNetwork);
  const free = (groups.data ?? []).filter((group) => !group.managed_by && (!within || group.network === within));
  const needed = !inCluster && !chosenCluster;
  return (
    <Form.Item
      name="security_groups"
      label={t("form.groups")}
      extra={t(needed ? "form.groups-needed" : "form.groups-besides")}
      rules={needed ? [{ required: true, type: "array", min: 1, message: t("form.no-group") }] : []}
    >
      <Select
        mode="multiple"
        showSearch={{ optionFilterProp: "label" }}
        options={free.map(({ id, name }) => ({ value: id, label: name }))}
      />
    </Form.Item>
  );
}
