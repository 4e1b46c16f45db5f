// SPDX-License-Identifier: Apache-2.0
// The nonce that the page's Content-Security-Policy asks of styles which scripts make.

/** Undefined where nobody put one in: `npm run dev`, tests. */
export const nonce = document.querySelector<HTMLElement>("meta[property=csp-nonce]")?.nonce || undefined;

/**
 * Ant Design puts the nonce on its styles, but two of the libraries beneath it do not (they lock scrolling behind a drawer, and
 * measure scroll bars). Only our own scripts run here, so whatever style they make is ours.
 */
export function addNonceToStyles() {
  if (!nonce) return;
  const create = document.createElement.bind(document) as (name: string, options?: ElementCreationOptions) => HTMLElement;
  document.createElement = ((name: string, options?: ElementCreationOptions) => {
    const element = create(name, options);
    if (element instanceof HTMLStyleElement) element.nonce = nonce;
    return element;
  }) as typeof document.createElement;
}
