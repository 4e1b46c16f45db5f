// SPDX-License-Identifier: Apache-2.0
import { MinusCircleOutlined, PlusCircleOutlined, SwapOutlined } from "@ant-design/icons";
import { Typography } from "antd";
import { useTranslation } from "react-i18next";
import { type Difference, differences, readable, text } from "./differences";
import type { Change } from "./use-log";

/** An object before and after, field by field. */
export function ChangeDiff({ change, name }: { change: Change; name: string }) {
  const { t } = useTranslation("log");
  const came = change.before === null && change.after !== null;
  const went = change.after === null && change.before !== null;
  const rows = readable(differences(change.before, change.after));

  return (
    <div className="log-scroll">
      <table className="log-diff">
        <caption>
          {came ? <PlusCircleOutlined /> : went ? <MinusCircleOutlined /> : <SwapOutlined />}{" "}
          {t(came ? "came" : went ? "went" : "changed", { kind: t(`kind.${change.kind}`, { defaultValue: change.kind }) })}{" "}
          <strong>{name}</strong>
        </caption>
        <thead>
          <tr>
            <th scope="col">{t("field")}</th>
            {!came && <th scope="col">{t("before")}</th>}
            {!went && <th scope="col">{t("after")}</th>}
          </tr>
        </thead>
        <tbody>
          {rows.length === 0 && (
            <tr>
              <td colSpan={3}>
                <Typography.Text type="secondary">{t("nothing-to-read")}</Typography.Text>
              </td>
            </tr>
          )}
          {rows.map((row) => (
            <Row key={row.field} row={row} came={came} went={went} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Row({ row, came, went }: { row: Difference; came: boolean; went: boolean }) {
  const before = text(row.before);
  const after = text(row.after);
  return (
    <tr>
      <th scope="row" className="mono">
        {row.field}
      </th>
      {!came && <td>{before && <del className="mono">{before}</del>}</td>}
      {!went && <td>{after && <ins className="mono">{after}</ins>}</td>}
    </tr>
  );
}
