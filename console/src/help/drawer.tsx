// SPDX-License-Identifier: Apache-2.0
import { Drawer, Empty, Flex, Input, Typography } from "antd";
import { useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { useNarrow } from "../theme/theme";
import { type Concept, type Heading, headings } from "./concepts";
import "./help.css";
import type { Shown } from "./help";

/** Which concepts a search finds: by name or text, in any order of words. */
export function findConcepts(search: string, textOf: (concept: Concept) => string): [Heading, Concept[]][] {
  const words = search.toLowerCase().split(/\s+/).filter(Boolean);
  return Object.entries(headings)
    .map(([heading, concepts]): [Heading, Concept[]] => [
      heading as Heading,
      concepts.filter((concept) => {
        const text = textOf(concept).toLowerCase();
        return words.every((word) => text.includes(word));
      }),
    ])
    .filter(([, concepts]) => concepts.length > 0);
}

/** Explains each concept in two sentences. */
export default function HelpDrawer({ shown, onClose }: { shown: Shown; onClose: () => void }) {
  const { t, ready } = useTranslation(["help", "concepts"], { useSuspense: false });
  const narrow = useNarrow();
  const [search, setSearch] = useState("");
  const list = useRef<HTMLDivElement>(null);
  const name = (concept: Concept) => t(`concepts:${concept}`);
  const found = findConcepts(search, (concept) => `${name(concept)} ${t(`help:text.${concept}`)}`);

  useEffect(() => setSearch(""), [shown]);

  const scroll = () => {
    if (!shown || shown === "all") return;
    list.current?.querySelector(`[data-concept="${shown}"]`)?.scrollIntoView({ block: "start" });
  };
  useEffect(scroll, [shown, ready]);

  return (
    <Drawer
      title={t("help:title")}
      open={shown !== null}
      onClose={onClose}
      afterOpenChange={scroll}
      size={narrow ? "100%" : 440}
    >
      <Flex vertical gap="middle" ref={list}>
        <Input.Search
          allowClear
          aria-label={t("help:search")}
          placeholder={t("help:search")}
          value={search}
          onChange={({ target }) => setSearch(target.value)}
        />
        {found.length === 0 && <Empty image={Empty.PRESENTED_IMAGE_SIMPLE} description={t("help:none")} />}
        {found.map(([heading, concepts]) => (
          <section key={heading} aria-label={t(`help:heading.${heading}`)}>
            <Typography.Text type="secondary">{t(`help:heading.${heading}`)}</Typography.Text>
            <dl className="help-concepts">
              {concepts.map((concept) => (
                <div key={concept} data-concept={concept} className={concept === shown ? "help-shown" : undefined}>
                  <dt>{name(concept)}</dt>
                  <dd>{t(`help:text.${concept}`)}</dd>
                </div>
              ))}
            </dl>
          </section>
        ))}
      </Flex>
    </Drawer>
  );
}
