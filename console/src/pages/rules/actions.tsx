// SPDX-License-Identifier: Apache-2.0
import { CopyOutlined, DeleteOutlined, EditOutlined, QuestionCircleOutlined } from "@ant-design/icons";
import { Button, Flex, Tooltip } from "antd";
import { useTranslation } from "react-i18next";
import { Link } from "react-router-dom";
import { traceRuleLink } from "../../components/links";
import type { Rule } from "../../model/rule-text";

export type RuleActions = {
  onEdit: (rule: Rule) => void;
  onClone: (rule: Rule) => void;
  onDelete: (rules: Rule[]) => void;
};

/** What can be done with one rule; 'text' is the rule in words, for who cannot see which row it is. */
export function ActionsCell(props: { group: string; rule: Rule; text: string; actions: RuleActions | null }) {
  const { t } = useTranslation("rules");
  const { group, rule, text, actions } = props;
  return (
    <Flex gap={2}>
      <Tooltip title={t("why")}>
        <Link to={traceRuleLink(group, rule.id)} aria-label={t("why-rule", { rule: text })} className="icon-link">
          <QuestionCircleOutlined />
        </Link>
      </Tooltip>
      {actions && (
        <>
          <Act label={t("edit")} name={t("edit-rule", { rule: text })} icon={<EditOutlined />} onClick={() => actions.onEdit(rule)} />
          <Act label={t("clone")} name={t("clone-rule", { rule: text })} icon={<CopyOutlined />} onClick={() => actions.onClone(rule)} />
          <Act
            danger
            label={t("delete")}
            name={t("delete-rule", { rule: text })}
            icon={<DeleteOutlined />}
            onClick={() => actions.onDelete([rule])}
          />
        </>
      )}
    </Flex>
  );
}

function Act(props: { label: string; name: string; icon: React.ReactNode; danger?: boolean; onClick: () => void }) {
  return (
    <Tooltip title={props.label}>
      <Button
        type="text"
        size="small"
        danger={props.danger}
        icon={props.icon}
        aria-label={props.name}
        onClick={props.onClick}
      />
    </Tooltip>
  );
}
