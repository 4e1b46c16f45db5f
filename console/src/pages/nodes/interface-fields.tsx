// SPDX-License-Identifier: Apache-2.0
import { DeleteOutlined, PlusOutlined } from "@ant-design/icons";
import { Button, Flex, Form, Input, Select } from "antd";
import { useTranslation } from "react-i18next";
import { CidrsInput } from "../../components/cidrs";
import { cidrRule, isAddress } from "../../model/cidr";

/** Interfaces of a machine that nobody but people can ask. */
export function InterfaceFields() {
  const { t } = useTranslation("nodes");
  return (
    <Form.Item label={t("interfaces")}>
      <Form.List name="interfaces">
        {(fields, { add, remove }) => (
          <Flex vertical gap="middle">
            {fields.map(({ key, name }) => (
              <Flex key={key} vertical gap="small" className="row-card">
                <Flex gap="small">
                  <Form.Item name={[name, "name"]} noStyle rules={[{ required: true, message: t("form.no-interface") }]}>
                    <Input className="mono" maxLength={15} aria-label={t("form.interface")} placeholder="eth0" />
                  </Form.Item>
                  <Form.Item name={[name, "nic_type"]} noStyle>
                    <Select
                      aria-label={t("form.nic")}
                      placeholder={t("nic.intranet")}
                      style={{ minWidth: 120 }}
                      options={(["intranet", "internet"] as const).map((value) => ({ value, label: t(`nic.${value}`) }))}
                    />
                  </Form.Item>
                  <Button icon={<DeleteOutlined />} aria-label={t("form.remove-interface")} onClick={() => remove(name)} />
                </Flex>
                <Form.Item
                  name={[name, "addresses"]}
                  style={{ margin: 0 }}
                  rules={[cidrRule(isAddress, (text) => t("form.bad-address", { text }))]}
                >
                  <CidrsInput aria-label={t("addresses")} placeholder={t("addresses")} />
                </Form.Item>
              </Flex>
            ))}
            <div>
              <Button icon={<PlusOutlined />} onClick={() => add({ name: `eth${fields.length}`, addresses: [] })}>
                {t("form.add-interface")}
              </Button>
            </div>
          </Flex>
        )}
      </Form.List>
    </Form.Item>
  );
}
