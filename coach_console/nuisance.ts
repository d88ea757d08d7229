/** Nuisance: warning a parent, ending with a block, and the supervisor's list of blocks to review. */
import { html, nothing, type TemplateResult } from "lit";
import { repeat } from "lit/directives/repeat.js";
import { type Doings, minutesSince, type Model } from "./model.js";

const REASONS = ["abusive", "sexual", "threats", "prank"] as const;

interface Block {
  readonly block: string;
  readonly reason: string;
  readonly by: string;
  readonly at: string;
  readonly own: boolean;
}

/** Beside a chat: first a warning, then, once it was given, the end with a block. */
export function nuisanceView(model: Model, doings: Doings, conversation: string): TemplateResult {
  const { words } = model;
  const events = model.connection?.known().streams[`conv:${conversation}`]?.events ?? [];
  const warned = events.some((event) => event.k === "conversation.warned");
  const id = `block-${conversation}`;
  return html`<section class="beside" aria-label=${words("console.nuisance")}>
    <p>${words(warned ? "console.nuisance.warned" : "console.nuisance.hint")}</p>
    <button type="button" @click=${() => doings.warn(conversation)}>${words("console.nuisance.warn")}</button>
    ${warned
      ? html`<form
          @submit=${(event: SubmitEvent) => {
            event.preventDefault();
            doings.block(conversation, event.currentTarget as HTMLFormElement);
          }}
        >
          <label for=${id}>${words("console.nuisance.reason")}</label>
          <select id=${id} name="reason" required>
            <option value="">${words("console.wrap_up.choose")}</option>
            ${REASONS.map((one) => html`<option value=${one}>${words(`console.nuisance.${one}`)}</option>`)}
          </select>
          <p class="hint">${words("console.nuisance.block_hint")}</p>
          <button type="submit" class="danger">${words("console.nuisance.block")}</button>
        </form>`
      : nothing}
  </section>`;
}

/** The supervisor's list of blocks; their own wait for somebody else. */
export function blocksView(model: Model, doings: Doings): TemplateResult | typeof nothing {
  const { words } = model;
  const blocks = (model.connection?.known().me?.d["blocks"] ?? []) as readonly Block[];
  if (blocks.length === 0) return nothing;
  return html`<section aria-labelledby="blocks-title">
    <h2 id="blocks-title">${words("console.blocks")}</h2>
    <ul class="concerns">
      ${repeat(
        blocks,
        (one) => one.block,
        (one) => html`<li>
          <p id=${`block-${one.block}`}>
            <strong>${words(`console.nuisance.${one.reason}`)}</strong>, ${one.by},
            ${words("console.concern.ago", { minutes: minutesSince(one.at) })}
          </p>
          ${one.own
            ? html`<p class="hint">${words("console.blocks.own")}</p>`
            : ([true, false] as const).map(
                (uphold) => html`<button
                  type="button"
                  aria-describedby=${`block-${one.block}`}
                  @click=${() => doings.review(one.block, uphold)}
                >
                  ${words(uphold ? "console.blocks.uphold" : "console.blocks.lift")}
                </button>`,
              )}
        </li>`,
      )}
    </ul>
  </section>`;
}
