// SPDX-License-Identifier: Apache-2.0
import { Alert, Form, Input, Select } from "antd";
import { useTranslation } from "react-i18next";
import { useReview } from "../../change/review";
import { FormDrawer } from "../../components/form-drawer";
import { isAddress } from "../../model/cidr";
import { type Node, withElasticIps } from "../../model/elastic";

type Values = { place: string; address: string };

export function BindElasticIp({ nodes, open, onClose }: { nodes: Node[]; open: boolean; onClose: () => void }) {
  const { t } = useTranslation("cluster");
  const review = useReview();
  const places = nodes.flatMap((node) => node.interfaces.map(({ name }) => ({ node, name })));

  const submit = async ({ place, address }: Values) => {
    const chosen = places[Number(place)];
    if (!chosen) return;
    const { node, name } = chosen;
    const made = await review({
      title: t("elastic.bind-title", { address, name: node.name }),
      request: {
        method: "patch",
        path: "/v1/nodes/{ref}",
        params: { path: { ref: node.id } },
        body: { interfaces: withElasticIps(node, name, (list) => [...list, address.trim()]) },
      },
    });
    if (made) onClose();
  };

  return (
    <FormDrawer<Values>
      open={open}
      title={t("elastic.bind")}
      initial={{ place: places.length === 1 ? "0" : undefined, address: "" }}
      submit={t("edit.submit")}
      onSubmit={(values) => void submit(values)}
      onClose={onClose}
    >
      <Form.Item
        name="address"
        label={t("elastic.address")}
        rules={[
          {
            validator: (_, text: string) =>
              isAddress(text.trim()) ? Promise.resolve() : Promise.reject(new Error(t("elastic.no-address"))),
          },
        ]}
      >
        <Input className="mono" placeholder="203.0.113.5" autoFocus />
      </Form.Item>
      <Form.Item name="place" label={t("elastic.place")} rules={[{ required: true, message: t("elastic.no-place") }]}>
        <Select
          showSearch={{ optionFilterProp: "label" }}
          options={places.map(({ node, name }, index) => ({ value: `${index}`, label: `${node.name} · ${name}` }))}
        />
      </Form.Item>
      <Alert type="info" showIcon title={t("elastic.bind-hint")} />
    </FormDrawer>
  );
}
