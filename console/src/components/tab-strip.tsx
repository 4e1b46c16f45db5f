// SPDX-License-Identifier: Apache-2.0
import { useRef } from "react";
import "./tab-strip.css";

export type TabItem = { key: string; label: string };

/**
 * Tabs in one row, which scrolls where it is too narrow, so that every tab can be reached by arrow keys and by finger.
 * (Those of Ant Design put what does not fit into a menu that is no tab any more.)
 */
export function TabStrip(props: {
  items: TabItem[];
  active: string;
  label: string;
  look?: "line" | "card";
  onChange: (key: string) => void;
}) {
  const { items, active, label, look = "line", onChange } = props;
  const strip = useRef<HTMLDivElement>(null);

  const step = (event: React.KeyboardEvent) => {
    const at = items.findIndex(({ key }) => key === active);
    const next = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: items.length - 1 }[event.key];
    if (next === undefined) return;
    event.preventDefault();
    const item = items[(next + items.length) % items.length]!;
    strip.current?.querySelector<HTMLElement>(`[data-tab="${item.key}"]`)?.focus();
    onChange(item.key);
  };

  return (
    <div ref={strip} role="tablist" aria-label={label} className={`tab-strip tab-strip-${look}`} onKeyDown={step}>
      {items.map(({ key, label: text }) => (
        <button
          key={key}
          type="button"
          role="tab"
          data-tab={key}
          aria-selected={key === active}
          tabIndex={key === active ? 0 : -1}
          onClick={() => onChange(key)}
        >
          {text}
        </button>
      ))}
    </div>
  );
}
