// SPDX-License-Identifier: Apache-2.0
import { Alert, Checkbox, Flex } from "antd";
import { useTranslation } from "react-i18next";
import type { Guard } from "../api/problem";
import { useCheckTitle } from "../components/check-text";
import { isServers } from "../i18n";
import { endText } from "./cuts";
import { groupGuards, guardKind } from "./forecast";

const KINDS = ["management-ssh", "caller-path", "ssh-session", "offline-node", "finding", "promise"];

/** Who objects to a change: why, a packet that shows it, what to do, and the way to overrule it. */
export function Guards(props: { guards: Guard[]; force: string[]; onForce: (force: string[]) => void }) {
  return groupGuards(props.guards).map((same) => (
    <GuardAlert key={`${same[0]!.id} ${same[0]!.warning}`} same={same} force={props.force} onForce={props.onForce} />
  ));
}

/** What objects in a few words, by its code; null where the server's words need no translation. */
function useGuardTitle(): (id: string) => string | null {
  const { t, i18n } = useTranslation("change");
  const checkTitle = useCheckTitle();
  return (id) => {
    const kind = guardKind(id);
    if (isServers(i18n.language) || !KINDS.includes(kind)) return null;
    return kind === "finding" ? checkTitle(id.slice("finding:".length)) : t(`guard-title.${kind}`);
  };
}

/** The same guard may object for every node: it is explained once. */
function GuardAlert(props: { same: Guard[]; force: string[]; onForce: (force: string[]) => void }) {
  const { t } = useTranslation("change");
  const { same, force, onForce } = props;
  const [guard, ...others] = same as [Guard, ...Guard[]];
  const kind = guardKind(guard.id);
  const title = useGuardTitle()(guard.id);
  return (
    <Alert
      type={guard.warning ? "warning" : "error"}
      showIcon
      title={title ?? guard.detail}
      description={
        <Flex vertical gap={4}>
          {title && <span lang="en">{guard.detail}</span>}
          {guard.witness && <Witness witness={guard.witness} />}
          {KINDS.includes(kind) && <span>{t(`guard.${kind}`)}</span>}
          {others.length > 0 && (
            <details>
              <summary>{t("guards-more", { count: others.length })}</summary>
              {others.map((other) => (
                <div key={other.node + other.subject + other.detail} style={{ marginTop: 6 }}>
                  {other.detail}
                  {other.witness && (
                    <>
                      <br />
                      <Witness witness={other.witness} />
                    </>
                  )}
                </div>
              ))}
            </details>
          )}
          {!guard.warning && (
            <Checkbox
              checked={force.includes(guard.id)}
              onChange={({ target }) =>
                onForce(target.checked ? [...force, guard.id] : force.filter((id) => id !== guard.id))
              }
            >
              {t("force", { guard: guard.id })}
            </Checkbox>
          )}
        </Flex>
      }
    />
  );
}

/** A packet for which the objection holds. */
function Witness({ witness }: { witness: NonNullable<Guard["witness"]> }) {
  const { t } = useTranslation("change");
  const { node, interface: name, protocol, direction, remote, remote_port, local, local_port } = witness;
  const place = [node, name].filter(Boolean).join(" ");
  const port = local_port ? t("port", { port: local_port }) : "";
  const here = local ? endText(local, local_port) : [place, port].filter(Boolean).join(" ");
  const there = endText(remote, remote_port);
  return (
    <span>
      {t("witness")}{" "}
      <span className="mono">
        {protocol} {direction === "egress" ? `${here} → ${there}` : `${there} → ${here}`}
      </span>
      {local && place ? ` (${place})` : ""}
    </span>
  );
}
