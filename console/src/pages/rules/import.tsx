// SPDX-License-Identifier: Apache-2.0
import { UploadOutlined } from "@ant-design/icons";
import { Alert, Button, Flex, Input, Modal, Radio, Upload } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useReview } from "../../change/review";
import type { Group } from "../../model/group";
import type { Rule } from "../../model/rule-text";
import { importText } from "./files";
import { importReview } from "./requests";

/** Takes rules from a JSON file, beside those that are there or in their place. */
export function ImportRules(props: { group: Group; present: readonly Rule[]; onClose: () => void }) {
  const { t } = useTranslation("rules");
  const [text, setText] = useState("");
  const [mode, setMode] = useState<"add" | "replace">("add");
  const review = useReview();
  const imported = text.trim() ? importText(text) : null;
  const rules = imported && "rules" in imported ? imported.rules : null;

  const submit = async () => {
    if (rules && (await review(importReview(t, props.group, rules, props.present, mode)))) props.onClose();
  };

  return (
    <Modal
      open
      title={t("import")}
      okText={t("review")}
      okButtonProps={{ disabled: !rules }}
      onOk={() => void submit()}
      onCancel={props.onClose}
    >
      <Flex vertical gap="middle">
        <span>{t("import-hint")}</span>
        <Upload
          accept=".json,application/json"
          maxCount={1}
          showUploadList={false}
          beforeUpload={(file) => {
            void file.text().then(setText);
            return false; // it is read here and sent nowhere
          }}
        >
          <Button icon={<UploadOutlined />}>{t("choose-file")}</Button>
        </Upload>
        <Input.TextArea
          aria-label={t("import-text")}
          placeholder={'{"rules": ["allow tcp 443 from any"]}'}
          value={text}
          onChange={({ target }) => setText(target.value)}
          rows={8}
          className="mono"
          spellCheck={false}
        />
        {imported && "problem" in imported && (
          <Alert
            type="error"
            showIcon
            title={t(`import-problem.${imported.problem}`)}
            description={imported.detail || undefined}
          />
        )}
        {rules && <Alert type="success" showIcon title={t("import-found", { count: rules.length })} />}
        <Radio.Group
          value={mode}
          onChange={({ target }) => setMode(target.value as "add" | "replace")}
          options={(["add", "replace"] as const).map((value) => ({
            value,
            label: t(`import-mode.${value}`, { count: props.present.length }),
          }))}
        />
      </Flex>
    </Modal>
  );
}
