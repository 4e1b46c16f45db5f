// SPDX-License-Identifier: Apache-2.0
import { CheckOutlined, MinusOutlined } from "@ant-design/icons";
import { Card, Table } from "antd";
import { useTranslation } from "react-i18next";
import type { Role } from "../../session/session";

/** What there is to do, and from which role on. */
const acts: { act: string; from: Role }[] = [
  { act: "see", from: "viewer" },
  { act: "ask", from: "viewer" },
  { act: "flows", from: "viewer" },
  { act: "change", from: "operator" },
  { act: "force", from: "operator" },
  { act: "join", from: "operator" },
  { act: "suppress", from: "operator" },
  { act: "keys", from: "admin" },
  { act: "import", from: "admin" },
  { act: "authority", from: "admin" },
];
const roles: Role[] = ["viewer", "operator", "admin"];

export function Roles() {
  const { t } = useTranslation("keys");
  return (
    <Card size="small" title={t("roles")} styles={{ body: { padding: 0 } }}>
      <Table
        size="small"
        rowKey="act"
        pagination={false}
        dataSource={acts}
        columns={[
          { title: t("may"), dataIndex: "act", render: (act: string) => t(`act.${act}`) },
          ...roles.map((role) => ({
            title: t(`common:role.${role}`),
            align: "center" as const,
            width: "18%",
            render: (_: unknown, { from }: { from: Role }) => <Mark yes={roles.indexOf(role) >= roles.indexOf(from)} />,
          })),
        ]}
      />
    </Card>
  );
}

function Mark({ yes }: { yes: boolean }) {
  const { t } = useTranslation("keys");
  return (
    <span role="img" aria-label={t(yes ? "yes" : "no")}>
      {yes ? <CheckOutlined style={{ color: "var(--ant-color-success)" }} /> : <MinusOutlined />}
    </span>
  );
}
