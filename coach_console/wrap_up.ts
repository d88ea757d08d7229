/** What an ended conversation was about: one to three topics, the main one first, and how it ended. */
import { html, nothing, type TemplateResult } from "lit";
import { live } from "lit/directives/live.js";
import { type Begun, begunIn, type Code, type Doings, labelOf, type Model } from "./model.js";

const MOST_TOPICS = 3;
const SHOWN = 8;

/** Codes whose label, id or synonyms (in either language) hold all the words that were typed. */
export function matching(codes: readonly Code[], sought: string): readonly Code[] {
  const words = sought.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return codes.filter((code) => !code.parent);
  return codes.filter((code) => {
    const text = [code.label, code.id, ...(code.synonyms ?? [])].join(" ").toLowerCase();
    return words.every((word) => text.includes(word));
  });
}

export function wrapUpView(model: Model, doings: Doings, conversation: string): TemplateResult {
  const { words, content } = model;
  const begun = begunIn(model, conversation);
  const id = `wrap-up-${conversation}`;
  return html`
    <form
      class="wrap-up"
      novalidate
      aria-labelledby=${id}
      @submit=${(event: SubmitEvent) => {
        event.preventDefault();
        doings.close(conversation);
      }}
    >
      <h4 id=${id}>${words("console.wrap_up")}</h4>
      <p class="hint">${words("console.wrap_up.hint")}</p>
      ${topicsView(model, doings, begun, id)}
      <div class="field">
        <label for="${id}-disposition">${words("console.wrap_up.disposition")}</label>
        <select
          id="${id}-disposition"
          required
          .value=${live(begun.disposition)}
          @change=${(event: Event) => {
            begun.disposition = (event.target as HTMLSelectElement).value;
            doings.draw();
          }}
        >
          <option value="">${words("console.wrap_up.choose")}</option>
          ${content?.wrap_up.disposition.map((one) => html`<option value=${one.id}>${one.label}</option>`)}
        </select>
      </div>
      ${ticks(words("console.wrap_up.barriers"), content?.wrap_up.barrier ?? [], begun.barriers, doings)}
      ${ticks(words("console.wrap_up.service_gaps"), content?.wrap_up.service_gap ?? [], begun.gaps, doings)}
      <button type="submit" class="main">${words("console.wrap_up.close")}</button>
    </form>
  `;
}

function topicsView({ words, content }: Model, doings: Doings, begun: Begun, id: string): TemplateResult {
  const all = content?.topics ?? [];
  const free = matching(all, begun.topicSearch).filter((one) => !begun.topics.includes(one.id));
  const change = (topics: string[]): void => {
    begun.topics = topics;
    begun.topicSearch = "";
    doings.draw();
    const next = topics.length < MOST_TOPICS ? "search" : "disposition"; // the pressed button is about to go
    requestAnimationFrame(() => document.getElementById(`${id}-${next}`)?.focus());
  };
  const offered = begun.topicSearch.trim() ? free.slice(0, SHOWN) : begun.topics.length > 0 ? [] : free;
  return html`
    <fieldset>
      <legend>${words("console.wrap_up.topics")}</legend>
      <ol class="chosen">
        ${begun.topics.map(
          (topic, index) => html`<li>
            <span>
              ${labelOf(all, topic)} ${index === 0 ? html`<em>(${words("console.wrap_up.main_topic")})</em>` : nothing}
            </span>
            <button
              type="button"
              aria-label=${words("console.wrap_up.remove", { topic: labelOf(all, topic) })}
              @click=${() => change(begun.topics.filter((other) => other !== topic))}
            >
              ✕
            </button>
          </li>`,
        )}
      </ol>
      ${begun.topics.length >= MOST_TOPICS
        ? nothing
        : html`
            <label for="${id}-search">${words("console.wrap_up.search_topics")}</label>
            <input
              id="${id}-search"
              type="search"
              .value=${live(begun.topicSearch)}
              @input=${(event: InputEvent) => {
                begun.topicSearch = (event.currentTarget as HTMLInputElement).value;
                doings.draw();
              }}
              @keydown=${(event: KeyboardEvent) => {
                const [first] = free;
                if (event.key !== "Enter") return;
                event.preventDefault();
                if (first && begun.topicSearch.trim()) change([...begun.topics, first.id]);
              }}
            />
            ${begun.topicSearch.trim() && offered.length === 0
              ? html`<p class="empty" role="status">${words("console.nothing_found")}</p>`
              : nothing}
            <ul class="picks topics">
              ${offered.map(
                (one) => html`<li>
                  <button type="button" @click=${() => change([...begun.topics, one.id])}>${one.label}</button>
                </li>`,
              )}
            </ul>
          `}
    </fieldset>
  `;
}

function ticks(name: string, codes: readonly Code[], chosen: Set<string>, doings: Doings): TemplateResult {
  const tick = (id: string): void => {
    if (!chosen.delete(id)) chosen.add(id);
    doings.draw();
  };
  return html`<details>
    <summary>${name} (${chosen.size})</summary>
    <fieldset>
      <legend class="told">${name}</legend>
      ${codes.map(
        (one) => html`<label class="check">
          <input type="checkbox" .checked=${live(chosen.has(one.id))} @change=${() => tick(one.id)} />
          <span>${one.label}</span>
        </label>`,
      )}
    </fieldset>
  </details>`;
}
