// SPDX-License-Identifier: Apache-2.0
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App } from "./app";
import { setUpTexts } from "./i18n";
import { addNonceToStyles } from "./theme/nonce";
import "./theme/base.css";

addNonceToStyles();
await setUpTexts();
createRoot(document.getElementById("root")!).render(
  <StrictMode>
    <App />
  </StrictMode>,
);
