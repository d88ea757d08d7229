/** Why this coach and not another: each decision about a conversation, in words, for supervisors. */
import { html, nothing, type TemplateResult } from "lit";
import type { Doings, Model } from "./model.js";

export function explainView(model: Model, doings: Doings, conversation: string, what: string): TemplateResult {
  const { words } = model;
  const found = model.explained.get(conversation);
  return html`
    <button
      type="button"
      class="quiet"
      aria-expanded=${found !== undefined}
      aria-describedby=${what}
      @click=${() => doings.explain(conversation)}
    >
      ${words(found ? "console.explain.hide" : "console.explain")}
    </button>
    ${found
      ? html`<div class="explained" role="group" aria-label=${words("console.explain.of")}>
          ${found.length === 0 ? html`<p>${words("explain.nothing")}</p>` : nothing}
          ${found.map(
            (one) => html`<p><strong>${one.headline}</strong></p>
              <ul>
                ${one.lines.map((line) => html`<li>${line}</li>`)}
                ${one.same === null ? nothing : html`<li>${words(one.same ? "explain.same" : "explain.other_now")}</li>`}
              </ul>`,
          )}
        </div>`
      : nothing}
  `;
}
