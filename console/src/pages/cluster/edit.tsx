// SPDX-License-Identifier: Apache-2.0
import { Form, Input, Radio } from "antd";
import { useTranslation } from "react-i18next";
import { useReview } from "../../change/review";
import { CidrsInput } from "../../components/cidrs";
import { FormDrawer } from "../../components/form-drawer";
import { cidrRule, looksLikeCidr } from "../../model/cidr";
import type { Cluster } from "../../model/cluster";

type Values = Pick<Cluster, "name" | "management_cidrs" | "container_cidrs" | "container_network">;

export function EditCluster({ cluster, open, onClose }: { cluster: Cluster; open: boolean; onClose: () => void }) {
  const { t } = useTranslation("cluster");
  const review = useReview();
  const cidrs = cidrRule(looksLikeCidr, (text) => t("not-a-cidr", { text }));

  const submit = async (values: Values) => {
    const made = await review({
      title: t("edit.title", { name: cluster.name }),
      request: {
        method: "patch",
        path: "/v1/clusters/{ref}",
        params: { path: { ref: cluster.id } },
        body: { ...values, name: values.name.trim() },
      },
    });
    if (made) onClose();
  };

  return (
    <FormDrawer<Values>
      open={open}
      title={t("edit.title", { name: cluster.name })}
      initial={cluster}
      submit={t("edit.submit")}
      onSubmit={(values) => void submit(values)}
      onClose={onClose}
    >
      <Form.Item name="name" label={t("facts.name")} rules={[{ required: true, whitespace: true, message: t("edit.no-name") }]}>
        <Input maxLength={128} />
      </Form.Item>
      <Form.Item name="management_cidrs" label={t("facts.management")} extra={t("edit.cidrs-hint")} rules={[cidrs]}>
        <CidrsInput />
      </Form.Item>
      <Form.Item name="container_cidrs" label={t("facts.containers")} rules={[cidrs]}>
        <CidrsInput />
      </Form.Item>
      <Form.Item name="container_network" label={t("edit.container-network")}>
        <Radio.Group
          options={(["overlay", "routed"] as const).map((value) => ({ value, label: t(`container-networks.${value}`) }))}
        />
      </Form.Item>
    </FormDrawer>
  );
}
