// SPDX-License-Identifier: Apache-2.0
// Keys that people and programs sign in with, and what each role may do.
import { PlusOutlined } from "@ant-design/icons";
import { Button, Flex } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useCollection } from "../../api/collect";
import { Loaded } from "../../components/loaded";
import { Page } from "../../components/page";
import { useMay } from "../../session/session";
import { CreateKey } from "./create";
import { KeyTable } from "./table";
import { Roles } from "./roles";

export default function Keys() {
  const { t } = useTranslation("keys");
  const keys = useCollection("/v1/keys");
  const may = useMay("admin");
  const [creating, setCreating] = useState(false);

  return (
    <Page
      title={t("title")}
      help="key"
      actions={
        may && (
          <Button type="primary" icon={<PlusOutlined />} onClick={() => setCreating(true)}>
            {t("create")}
          </Button>
        )
      }
    >
      <Flex vertical gap="large">
        <Loaded query={keys}>{(items) => <KeyTable keys={items} />}</Loaded>
        <Roles />
      </Flex>
      <CreateKey open={creating} onClose={() => setCreating(false)} />
    </Page>
  );
}
