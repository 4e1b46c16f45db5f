// SPDX-License-Identifier: Apache-2.0
import { Checkbox, Flex, Form, Input, Radio } from "antd";
import { useTranslation } from "react-i18next";
import type { Schemas } from "../../api/client";
import { useReview } from "../../change/review";
import { CidrsInput } from "../../components/cidrs";
import { FormDrawer } from "../../components/form-drawer";
import { cidrRule, looksLikeCidr } from "../../model/cidr";

type Network = Schemas["Network"];
type Values = Pick<Network, "name" | "kind" | "cidrs" | "public">;

const EMPTY: Values = { name: "", kind: "vpc", cidrs: [], public: false };

/** Kind and publicness of a network stay what they were. */
export function NetworkForm({ network, open, onClose }: { network: Network | null; open: boolean; onClose: () => void }) {
  const { t } = useTranslation("networks");
  const review = useReview();
  const title = network ? t("edit-title", { name: network.name }) : t("create");

  const submit = async ({ name, kind, cidrs, public: chosen }: Values) => {
    const isPublic = network?.public ?? chosen;
    const space = isPublic ? {} : { cidrs };
    const made = await review({
      title: network ? title : t("create-title", { name }),
      request: network
        ? { method: "patch", path: "/v1/networks/{ref}", params: { path: { ref: network.id } }, body: { name: name.trim(), ...space } }
        : { method: "post", path: "/v1/networks", body: { name: name.trim(), kind, public: isPublic, ...space } },
    });
    if (made) onClose();
  };

  return (
    <FormDrawer<Values>
      open={open}
      title={title}
      initial={network ?? EMPTY}
      submit={t("submit")}
      onSubmit={(values) => void submit(values)}
      onClose={onClose}
    >
      <Form.Item name="name" label={t("name")} rules={[{ required: true, whitespace: true, message: t("no-name") }]}>
        <Input maxLength={128} placeholder="prod" autoFocus />
      </Form.Item>
      {!network && (
        <>
          <Form.Item name="kind" label={t("kind")}>
            <Radio.Group>
              <Flex vertical gap={4}>
                <Radio value="vpc">{t("kind-meaning.vpc")}</Radio>
                <Radio value="classic">{t("kind-meaning.classic")}</Radio>
              </Flex>
            </Radio.Group>
          </Form.Item>
          <Form.Item name="public" valuePropName="checked">
            <Checkbox>{t("public-meaning")}</Checkbox>
          </Form.Item>
        </>
      )}
      {!network?.public && <Space />}
    </FormDrawer>
  );
}

/** A public network has no addresses of its own. */
function Space() {
  const { t } = useTranslation("networks");
  const isPublic = Form.useWatch("public", Form.useFormInstance<Values>());
  if (isPublic) return null;
  return (
    <Form.Item
      name="cidrs"
      label={t("cidrs")}
      extra={t("cidrs-hint")}
      rules={[cidrRule(looksLikeCidr, (text) => t("not-a-cidr", { text }))]}
    >
      <CidrsInput placeholder="10.0.0.0/16" />
    </Form.Item>
  );
}
