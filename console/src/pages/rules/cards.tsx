// SPDX-License-Identifier: Apache-2.0
import { Card, Checkbox, Flex } from "antd";
import { useCallback, useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { VerdictTag } from "../../components/marks";
import { ruleText } from "../../model/rule-text";
import { ActionsCell } from "./actions";
import { CreatedCell, FindingsCell, HitsCell, ObjectCell, PortsCell, ProtocolCell } from "./cells";
import { FixedLine } from "./columns";
import type { RuleRow } from "./select";
import type { RuleTableProps } from "./table";

/** Cards drawn at first, and more of them whenever the end comes into sight. */
const STEP = 40;

/** The same as the table, where that has no room. */
export function RuleCards(props: RuleTableProps) {
  const { before, rows, after } = props;
  const marked = rows.findIndex(({ rule }) => rule.id === props.marked);
  const [count, setCount] = useState(Math.max(STEP, marked + 1));
  const end = useRef<HTMLDivElement>(null);
  const more = count < rows.length;

  useEffect(() => {
    if (!more || !end.current) return;
    const watcher = new IntersectionObserver(
      (entries) => entries.some(({ isIntersecting }) => isIntersecting) && setCount((old) => old + STEP),
      { rootMargin: "600px" },
    );
    watcher.observe(end.current);
    return () => watcher.disconnect();
  }, [more, count]);

  return (
    <Flex vertical gap="small">
      {before.map((fixed) => (
        <FixedLine key={fixed.key} fixed={fixed} />
      ))}
      {rows.slice(0, count).map((row) => (
        <RuleCard key={row.rule.id} row={row} {...props} />
      ))}
      <div ref={end} />
      {!more && after.map((fixed) => <FixedLine key={fixed.key} fixed={fixed} />)}
    </Flex>
  );
}

function RuleCard({ row, ...props }: RuleTableProps & { row: RuleRow }) {
  const { t } = useTranslation("rules");
  const { rule, findings } = row;
  const { actions, nameOf, selected, onSelect } = props;
  const text = ruleText(rule, nameOf);
  const isMarked = rule.id === props.marked;
  const mark = useCallback(
    (card: HTMLDivElement | null) => {
      if (isMarked) card?.scrollIntoView({ block: "center" });
    },
    [isMarked],
  );
  const isSelected = selected.includes(rule.id);
  const select = (wanted: boolean) =>
    onSelect(wanted ? [...selected, rule.id] : selected.filter((id) => id !== rule.id));
  const facts: [string, React.ReactNode][] = [
    [t("column.object"), <ObjectCell key="object" rule={rule} nameOf={nameOf} />],
    [t("column.priority"), rule.priority],
    [t("column.hits"), <HitsCell key="hits" rule={rule} hours={props.hits.get(rule.id)} />],
    [t("column.created"), <CreatedCell key="created" rule={rule} />],
  ];

  return (
    <Card size="small" ref={mark} className={isMarked ? "marked-rule" : undefined}>
      <Flex vertical gap="small">
        <Flex justify="space-between" align="center" gap="small">
          <Flex gap="small" align="center" wrap>
            {actions && (
              <Checkbox
                checked={isSelected}
                aria-label={t("select", { rule: text })}
                onChange={({ target }) => select(target.checked)}
              />
            )}
            <VerdictTag verdict={rule.policy} />
            <strong>
              <ProtocolCell protocol={rule.protocol} />
            </strong>
            <PortsCell rule={rule} />
          </Flex>
          <FindingsCell findings={findings} />
        </Flex>
        {rule.description && <span style={{ overflowWrap: "anywhere" }}>{rule.description}</span>}
        <dl className="card-facts">
          {facts.map(([name, value]) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd>{value}</dd>
            </div>
          ))}
        </dl>
        <Flex justify="end">
          <ActionsCell group={props.group} rule={rule} text={text} actions={actions} />
        </Flex>
      </Flex>
    </Card>
  );
}
