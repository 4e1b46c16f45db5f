// SPDX-License-Identifier: Apache-2.0
import { CopyOutlined, DeleteOutlined, EditOutlined, QuestionCircleOutlined } from "@ant-design/icons";
import { Flex } from "antd";
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
      <Link
        to={traceRuleLink(group, rule.id)}
        title={t("why")}
        aria-label={t("why-rule", { rule: text })}
        className="icon-button"
      >
        <QuestionCircleOutlined />
      </Link>
      {actions && (
        <>
          <Act
            title={t("edit")}
            name={t("edit-rule", { rule: text })}
            icon={<EditOutlined />}
            onClick={() => actions.onEdit(rule)}
          />
          <Act
            title={t("clone")}
            name={t("clone-rule", { rule: text })}
            icon={<CopyOutlined />}
            onClick={() => actions.onClone(rule)}
          />
          <Act
            danger
            title={t("delete")}
            name={t("delete-rule", { rule: text })}
            icon={<DeleteOutlined />}
            onClick={() => actions.onDelete([rule])}
          />
        </>
      )}
    </Flex>
  );
}

/** A plain button: thousands of rows scroll by, and those of Ant Design cost a frame. */
function Act(props: { title: string; name: string; icon: React.ReactNode; danger?: boolean; onClick: () => void }) {
  return (
    <button
      type="button"
      title={props.title}
      aria-label={props.name}
      className={props.danger ? "icon-button icon-button-danger" : "icon-button"}
      onClick={props.onClick}
    >
      {props.icon}
    </button>
  );
}
