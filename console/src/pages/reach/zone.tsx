// SPDX-License-Identifier: Apache-2.0
import { ClusterOutlined, GlobalOutlined, ToolOutlined } from "@ant-design/icons";
import { useTranslation } from "react-i18next";
import { useCallback } from "react";
import { useGroupName } from "../../components/group-link";
import { type Extent, isInternet, type Zone } from "./matrix";

/** Name of a zone for people; groups have their own. */
export function useZoneName(): (zone: Zone) => string {
  const { t } = useTranslation("reach");
  const groupName = useGroupName();
  return useCallback(
    ({ id, name }: Zone) => (isInternet(id) || id === "management" ? t(`zones.${id}`) : groupName(id, name)),
    [t, groupName],
  );
}

export function ZoneIcon({ zone }: { zone: string }) {
  if (isInternet(zone)) return <GlobalOutlined aria-hidden />;
  return zone === "management" ? <ToolOutlined aria-hidden /> : <ClusterOutlined aria-hidden />;
}

/** A full, a half or an empty disc: how much of a zone reaches a service. */
export function ExtentDisc({ extent }: { extent: Extent }) {
  return (
    <svg viewBox="0 0 14 14" width={14} height={14} aria-hidden className={`extent-disc ${extent}`}>
      <circle cx={7} cy={7} r={5.5} fill={extent === "all" ? "currentColor" : "none"} stroke="currentColor" strokeWidth={1.5} />
      {extent === "some" && <path d="M7 1.5 A5.5 5.5 0 0 0 7 12.5 Z" fill="currentColor" />}
    </svg>
  );
}
