// SPDX-License-Identifier: Apache-2.0
import { Typography } from "antd";
import { useTranslation } from "react-i18next";

/** An id, key or command, with a button that copies it. */
export function Copyable({ text, code }: { text: string; code?: boolean }) {
  const { t } = useTranslation();
  return (
    <Typography.Text
      code={code}
      className="mono"
      copyable={{ text, tooltips: [t("copy"), t("copied")] }}
      style={{ overflowWrap: "anywhere" }}
    >
      {text}
    </Typography.Text>
  );
}
