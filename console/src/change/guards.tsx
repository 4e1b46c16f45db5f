// SPDX-License-Identifier: Apache-2.0
import { Alert, Checkbox, Flex } from "antd";
import { useTranslation } from "react-i18next";
import type { Guard } from "../api/problem";
import { endText } from "./cuts";
import { guardKind } from "./forecast";

const KINDS = ["management-ssh", "caller-path", "ssh-session", "offline-node", "finding", "promise"];

/** Who objects to a change: why, a packet that shows it, what to do, and the way to overrule it. */
export function Guards({
  guards,
  force,
  onForce,
}: {
  guards: Guard[];
  force: string[];
  onForce: (force: string[]) => void;
}) {
  const { t } = useTranslation("change");
  const once = new Set<string>(); // the box to overrule a guard stands at its first objection

  return guards.map((guard) => {
    const isFirst = !guard.warning && !once.has(guard.id);
    once.add(guard.id);
    const kind = guardKind(guard.id);
    return (
      <Alert
        key={`${guard.id} ${guard.node} ${guard.subject} ${guard.cause}`}
        type={guard.warning ? "warning" : "error"}
        showIcon
        title={guard.detail}
        description={
          <Flex vertical gap={4}>
            {guard.witness && <Witness witness={guard.witness} />}
            {KINDS.includes(kind) && <span>{t(`guard.${kind}`)}</span>}
            {isFirst && (
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
  });
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
