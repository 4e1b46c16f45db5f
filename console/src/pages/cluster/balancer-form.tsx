// SPDX-License-Identifier: Apache-2.0
import { DeleteOutlined, PlusOutlined } from "@ant-design/icons";
import { Button, Flex, Form, Input, InputNumber, Radio, Select } from "antd";
import { useTranslation } from "react-i18next";
import { useCollection } from "../../api/collect";
import { useReview } from "../../change/review";
import { CidrsInput } from "../../components/cidrs";
import { FormDrawer } from "../../components/form-drawer";
import { type Balancer, type BalancerValues, bodyOf, valuesOf } from "../../model/balancer";
import { cidrRule, looksLikeCidr } from "../../model/cidr";
import type { Cluster } from "../../model/cluster";

type Props = { cluster: Cluster; balancer: Balancer | null; open: boolean; onClose: () => void };

export function BalancerForm({ cluster, balancer, open, onClose }: Props) {
  const { t } = useTranslation("cluster");
  const review = useReview();
  const title = balancer ? t("balancers.edit-title", { name: balancer.name }) : t("balancers.add");

  const submit = async (values: BalancerValues) => {
    const made = await review({
      title,
      request: balancer
        ? { method: "patch", path: "/v1/load-balancers/{ref}", params: { path: { ref: balancer.id } }, body: bodyOf(values) }
        : { method: "post", path: "/v1/load-balancers", body: { ...bodyOf(values), cluster: cluster.id } },
    });
    if (made) onClose();
  };

  return (
    <FormDrawer<BalancerValues>
      open={open}
      title={title}
      initial={valuesOf(balancer)}
      submit={t("edit.submit")}
      onSubmit={(values) => void submit(values)}
      onClose={onClose}
    >
      <Form.Item name="name" label={t("facts.name")} rules={[{ required: true, whitespace: true, message: t("edit.no-name") }]}>
        <Input maxLength={128} placeholder="edge" />
      </Form.Item>
      <Form.Item label={t("balancers.listeners")}>
        <Listeners />
      </Form.Item>
      <SourceFields />
      <Form.Item name="client_ip" label={t("balancers.clients")}>
        <Radio.Group>
          <Flex vertical gap={4}>
            {(["hidden", "kept"] as const).map((kind) => (
              <Radio key={kind} value={kind}>
                {t(`balancers.client-ip-meaning.${kind}`)}
              </Radio>
            ))}
          </Flex>
        </Radio.Group>
      </Form.Item>
    </FormDrawer>
  );
}

function Listeners() {
  const { t } = useTranslation("cluster");
  return (
    <Form.List name="listeners">
      {(fields, { add, remove }) => (
        <Flex vertical gap="small">
          {fields.map(({ key, name }) => (
            <Flex key={key} gap="small" align="start">
              <Form.Item name={[name, "protocol"]} noStyle>
                <Select
                  aria-label={t("balancers.protocol")}
                  style={{ width: 90, flex: "none" }}
                  options={["tcp", "udp"].map((value) => ({ value, label: value.toUpperCase() }))}
                />
              </Form.Item>
              <Form.Item
                name={[name, "port"]}
                style={{ flex: 1, margin: 0 }}
                rules={[{ required: true, message: t("balancers.no-port") }]}
              >
                <InputNumber min={1} max={65535} style={{ width: "100%" }} placeholder={t("balancers.port")} aria-label={t("balancers.port")} />
              </Form.Item>
              <Form.Item name={[name, "backend_port"]} style={{ flex: 1, margin: 0 }}>
                <InputNumber
                  min={1}
                  max={65535}
                  style={{ width: "100%" }}
                  placeholder={t("balancers.backend")}
                  aria-label={t("balancers.backend")}
                />
              </Form.Item>
              <Button icon={<DeleteOutlined />} aria-label={t("balancers.remove-listener")} onClick={() => remove(name)} />
            </Flex>
          ))}
          <div>
            <Button icon={<PlusOutlined />} onClick={() => add({ protocol: "tcp" })}>
              {t("balancers.add-listener")}
            </Button>
          </div>
        </Flex>
      )}
    </Form.List>
  );
}

function SourceFields() {
  const { t } = useTranslation("cluster");
  const from = Form.useWatch("from", Form.useFormInstance<BalancerValues>());
  const groups = useCollection("/v1/security-groups");
  const free = (groups.data ?? []).filter(({ managed_by: cluster }) => !cluster);
  return (
    <>
      <Form.Item name="from" label={t("balancers.sources")} style={{ marginBottom: 8 }}>
        <Radio.Group
          options={(["cidrs", "group"] as const).map((value) => ({ value, label: t(`balancers.from.${value}`) }))}
        />
      </Form.Item>
      {from === "group" ? (
        <Form.Item name="group" rules={[{ required: true, message: t("balancers.no-group") }]}>
          <Select
            aria-label={t("balancers.from.group")}
            showSearch={{ optionFilterProp: "label" }}
            options={free.map(({ id, name }) => ({ value: id, label: name }))}
          />
        </Form.Item>
      ) : (
        <Form.Item
          name="cidrs"
          extra={t("balancers.sources-hint")}
          rules={[cidrRule(looksLikeCidr, (text) => t("not-a-cidr", { text }))]}
        >
          <CidrsInput aria-label={t("balancers.from.cidrs")} placeholder="10.0.0.9" />
        </Form.Item>
      )}
    </>
  );
}
