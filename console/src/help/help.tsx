// SPDX-License-Identifier: Apache-2.0
import { Drawer, Typography } from "antd";
import { useTranslation } from "react-i18next";

/** Concepts in the order in which a newcomer meets them; texts in the namespace "help". */
export const concepts = [
  "security-group",
  "rule",
] as const;

/** Explains each concept in two sentences. */
export function HelpDrawer({ open, onClose }: { open: boolean; onClose: () => void }) {
  const { t } = useTranslation("help", { useSuspense: false });
  return (
    <Drawer title={t("title")} open={open} onClose={onClose} size={420}>
      <dl>
        {concepts.map((concept) => (
          <div key={concept}>
            <dt>
              <Typography.Text strong>{t(`${concept}.name`)}</Typography.Text>
            </dt>
            <dd style={{ margin: "4px 0 16px" }}>{t(`${concept}.text`)}</dd>
          </div>
        ))}
      </dl>
    </Drawer>
  );
}
