// SPDX-License-Identifier: Apache-2.0
// The tags of a cluster, a security group or another object: what people say of it; they decide no packet.
import { Flex, Tag } from "antd";
import { useTranslation } from "react-i18next";
import { tagTexts } from "../model/tags";

type Props = {
  tags: { [key: string]: string } | undefined;
  /** How many are shown; the rest is counted, and said on a closer look. Default: all. */
  most?: number;
};

/** Nothing, when there are none. */
export function Tags({ tags, most = Infinity }: Props) {
  const { t } = useTranslation();
  const texts = tagTexts(tags);
  if (texts.length === 0) return null;
  const rest = texts.slice(most);
  return (
    <Flex gap={4} wrap component="span">
      {texts.slice(0, most).map((text) => (
        <Tag key={text} variant="outlined" title={text} className="tag-text">
          {text}
        </Tag>
      ))}
      {rest.length > 0 && <span title={rest.join("\n")}>{t("more-tags", { count: rest.length })}</span>}
    </Flex>
  );
}
