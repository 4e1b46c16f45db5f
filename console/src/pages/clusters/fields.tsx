// SPDX-License-Identifier: Apache-2.0
import { Alert, Checkbox, Flex, Form, Input, Radio, Select } from "antd";
import { useTranslation } from "react-i18next";
import { Link } from "react-router-dom";
import type { Schemas } from "../../api/client";
import { CidrsInput } from "../../components/cidrs";
import { cidrRule, looksLikeCidr } from "../../model/cidr";
import { type ClusterValues, PROFILES, profileFor, TYPES } from "./values";

export type Networks = { data?: Schemas["Network"][] };

/** What a cluster is made with. */
export function ClusterFields({ networks }: { networks: Networks }) {
  const { t } = useTranslation("clusters");
  const form = Form.useFormInstance<ClusterValues>();
  const profile = Form.useWatch("profile", form);
  const cidrs = cidrRule(looksLikeCidr, (text) => t("not-a-cidr", { text }));

  return (
    <>
      <Form.Item name="name" label={t("name")} rules={[{ required: true, whitespace: true, message: t("create.no-name") }]}>
        <Input autoFocus maxLength={128} placeholder="shop" />
      </Form.Item>
      <Form.Item
        name="network"
        label={t("network")}
        rules={[{ required: true, message: t("create.no-network") }]}
        extra={
          networks.data?.length === 0 && (
            <>
              {t("create.network-missing")} <Link to="/networks?create">{t("create.to-networks")}</Link>
            </>
          )
        }
      >
        <Select
          showSearch={{ optionFilterProp: "label" }}
          options={networks.data?.map(({ id, name, kind }) => ({ value: id, label: `${name} (${t(`kinds.${kind}`)})` }))}
        />
      </Form.Item>
      <Form.Item name="type" label={t("type")}>
        <Radio.Group
          optionType="button"
          options={TYPES.map((value) => ({ value, label: t(`types.${value}`) }))}
          onChange={({ target }) => form.setFieldValue("profile", profileFor(target.value as ClusterValues["type"]))}
        />
      </Form.Item>
      <Form.Item name="profile" label={t("profile")} extra={profile && t(`profile-meaning.${profile}`)}>
        <Select options={PROFILES.map((value) => ({ value, label: t(`profiles.${value}`) }))} />
      </Form.Item>
      {profile === "loose" && (
        <Form.Item>
          <Alert type="warning" showIcon title={t("create.loose-warning")} />
        </Form.Item>
      )}
      <Form.Item
        name="management_cidrs"
        label={t("management-cidrs")}
        extra={t("create.management-hint")}
        rules={[cidrs]}
      >
        <CidrsInput placeholder="203.0.113.0/24" />
      </Form.Item>
      <Form.Item name="container_cidrs" label={t("container-cidrs")} extra={t("create.container-hint")} rules={[cidrs]}>
        <CidrsInput placeholder="172.18.0.0/16" />
      </Form.Item>
      <Form.Item name="container_network" label={t("container-network")}>
        <Radio.Group
          options={(["overlay", "routed"] as const).map((value) => ({ value, label: t(`container-networks.${value}`) }))}
        />
      </Form.Item>
      <Form.Item name="enforcement" label={t("enforcement")}>
        <Radio.Group>
          <Flex vertical gap={4}>
            <Radio value="enforce">{t("create.enforce")}</Radio>
            <Radio value="monitor">{t("create.monitor")}</Radio>
          </Flex>
        </Radio.Group>
      </Form.Item>
      <Flex vertical style={{ marginBottom: 16 }}>
        <Form.Item name="web" valuePropName="checked" noStyle>
          <Checkbox>{t("create.web")}</Checkbox>
        </Form.Item>
        <Form.Item name="ipv6" valuePropName="checked" noStyle>
          <Checkbox>{t("create.ipv6")}</Checkbox>
        </Form.Item>
      </Flex>
    </>
  );
}
