// SPDX-License-Identifier: Apache-2.0
// What a security group is, in a word.
import { ClusterOutlined, UserOutlined } from "@ant-design/icons";
import { Tag } from "antd";
import { useTranslation } from "react-i18next";
import { Link } from "react-router-dom";
import { clusterLink } from "./links";

/** Whose the group is: a link to its cluster, or nobody's but the people's. */
export function OwnerMark({ cluster, managed }: { cluster?: { id: string; name: string }; managed: boolean }) {
  const { t } = useTranslation("security-groups");
  if (!managed)
    return (
      <Tag icon={<UserOutlined />} variant="outlined">
        {t("owner.free")}
      </Tag>
    );
  return (
    <Tag icon={<ClusterOutlined />} color="blue">
      {cluster ? (
        <Link to={clusterLink(cluster.id)}>{t("managed-by", { cluster: cluster.name })}</Link>
      ) : (
        t("owner.managed")
      )}
    </Tag>
  );
}
