/** A message that is left: what a parent sees when the service closes on them, and once it is kept. */
import { html, nothing, type TemplateResult } from "lit";
import { momentOf } from "../../realtime/client/times.js";
import { messageLeft as leftBehind } from "../../realtime/client/transcript.js";
import type { Words } from "../../realtime/client/words.js";
import { type Doings, type Model, streamOf } from "./model.js";
import { faultBox } from "./parts.js";

/** Whether this parent has left a message and is not waited for. */
export function messageLeft(model: Model): boolean {
  return leftBehind(eventsOf(model));
}

/** Told once the service has closed while this parent waited; nothing before. */
export function closingView(model: Model, doings: Doings): TemplateResult | typeof nothing {
  const closing = eventsOf(model).findLast((event) => event.k === "queue.closing" || event.k === "queue.rejoined");
  if (closing?.k !== "queue.closing" || messageLeft(model)) return nothing;
  const { words } = model;
  return html`<section class="closed" role="status" aria-labelledby="closing">
    <h2 id="closing">${words("widget.closing_title")}</h2>
    <p>${opensWords(words, closing.d["next_opening"])}. ${words("widget.closing_text")}</p>
    ${model.fault && !model.confirmingEnd ? faultBox(model.fault) : nothing}
    <button type="button" class="main" @click=${doings.leaveMessage}>${words("widget.message_leave_yes")}</button>
  </section>`;
}

/** What becomes of a message that was left, and how its answer is read. */
export function keptView(model: Model, doings: Doings): TemplateResult {
  const { words, returnCode } = model;
  return html`<section class="waiting" aria-labelledby="kept">
    <h2 id="kept">${words("widget.message_answer")}</h2>
    <p>${words("widget.message_kept_text")}</p>
    ${model.service?.open === false ? html`<p>${opensWords(words, model.service.nextOpening)}.</p>` : nothing}
    ${returnCode ? html`<p role="status" class="code-told"><strong class="code">${returnCode}</strong></p>` : nothing}
    <button type="button" class="main" @click=${doings.makeCode}>
      ${words(returnCode ? "widget.return_code_new" : "widget.return_code_get")}
    </button>
    ${model.service?.open
      ? html`<p>${words("widget.message_wait_text")}</p>
          <button type="button" @click=${doings.rejoin}>${words("widget.message_wait")}</button>`
      : nothing}
    ${model.fault && !model.confirmingEnd ? faultBox(model.fault) : nothing}
  </section>`;
}

/** When the service opens next, in words. */
export function opensWords(words: Words, opening: unknown): string {
  return typeof opening === "string"
    ? words("widget.opens_at", { when: momentOf(opening, words) })
    : words("widget.opens_unknown");
}

function eventsOf(model: Model): readonly { readonly k: string; readonly d: Readonly<Record<string, unknown>> }[] {
  return model.connection?.known().streams[streamOf(model)]?.events ?? [];
}
