/** What the coach before left: facts about a conversation that was handed over. */
import { html, nothing, type TemplateResult } from "lit";
import { timeOf } from "../app/realtime/client/times.js";
import type { Model } from "./model.js";

export function cardView({ words, connection }: Model, conversation: string): TemplateResult | typeof nothing {
  const events = connection?.known().streams[`staff:${conversation}`]?.events ?? [];
  const card = events.findLast((event) => event.k === "conversation.handed_over")?.d;
  if (!card) return nothing;
  const wrote = card["parent_wrote_at"];
  const concerns = Array.isArray(card["concerns"]) ? card["concerns"].map(String) : [];
  return html`<section class="card" aria-label=${words("console.card")}>
    <p>
      ${words(`console.card.${String(card["why"])}`, { name: String(card["from"]) })}
      ${words("console.card.said", {
        parent: Number(card["parent_messages"]),
        staff: Number(card["staff_messages"]),
        since: timeOf(String(card["since"])),
      })}
      ${typeof wrote === "string" ? words("console.card.wrote", { time: timeOf(wrote) }) : nothing}
    </p>
    ${concerns.length === 0
      ? nothing
      : html`<p>
          <strong class="flag">
            ${words("console.card.concerns")} ${concerns.map((one) => words(`console.concern.${one}`)).join(", ")}
          </strong>
        </p>`}
  </section>`;
}
