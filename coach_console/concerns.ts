/** Concerns: raising one beside a chat, and taking one further step by step. */
import { html, nothing, type TemplateResult } from "lit";
import { repeat } from "lit/directives/repeat.js";
import { momentOf } from "../app/realtime/client/times.js";
import { faultBox } from "./sign_in.js";
import { type ClosedConcern, type ConcernStep, type Doings, minutesSince, type Model, type StepTaken } from "./model.js";

const CATEGORIES = [
  "suicide_self_harm",
  "abuse_neglect",
  "sexual_abuse",
  "domestic_abuse",
  "missing_child",
  "harm_to_baby",
  "harm_to_others",
] as const;
const NEXT: Readonly<Record<string, ConcernStep>> = {
  raised: "acknowledged",
  acknowledged: "assessed",
  assessed: "decided",
  decided: "closed",
};

const CLOSED_PAGE = 50;
const PARTS = ["second", "shared", "parent_told", "references"] as const;

interface Colleague {
  readonly staff: string;
  readonly name: string;
}

/** A call to this supervisor about a concern that nobody has acknowledged. */
interface Paged {
  readonly concern: string;
  readonly number: number;
}

interface Concern {
  readonly id: string;
  readonly conversation: string;
  readonly category: string;
  readonly state: string;
  readonly raised_at: string;
}

/** The supervisor's list: each concern with its one next step and the note that goes with it. */
export function concernsView(model: Model, doings: Doings): TemplateResult {
  const { words } = model;
  const concerns = (model.connection?.known().me?.d["concerns"] ?? []) as readonly Concern[];
  const pages = (model.connection?.known().me?.d["pages"] ?? []) as readonly Paged[];
  const about = ({ concern }: Paged): string => {
    const paged = concerns.find((one) => one.id === concern);
    return paged ? words(`console.concern.${paged.category}`) : "";
  };
  return html`
    <section aria-labelledby="concerns-title">
      <h2 id="concerns-title" tabindex="-1">${words("console.concerns")}</h2>
      <div role="alert">
        ${pages.map(
          (page) => html`<p class="flags">
            <strong>${words("console.paged", { category: about(page), number: page.number })}</strong>
            <a href="#concern-${page.concern}">${words("console.paged.go")}</a>
          </p>`,
        )}
      </div>
      ${concerns.length === 0
        ? html`<p class="empty">${words("console.concerns.none")}</p>`
        : html`<ul class="concerns">
            ${repeat(
              concerns,
              (one) => one.id,
              (one) => concernView(model, doings, one),
            )}
          </ul>`}
      ${closedView(model, doings)}
    </section>
  `;
}

/** Those that were closed, once they are asked for: to be read, and nothing else. */
function closedView({ words, closed, known }: Model, doings: Doings): TemplateResult {
  if (closed === null)
    return html`<button type="button" class="quiet" @click=${doings.lookUpClosed}>
      ${words("console.concerns.closed")}
    </button>`;
  return html`
    <h3>${words("console.concerns.closed")}</h3>
    ${closed.length === 0 ? html`<p class="empty">${words("console.concerns.closed.none")}</p>` : nothing}
    <ul class="concerns">
      ${repeat(
        closed,
        (one) => one.id,
        (one: ClosedConcern) => html`<li>
          <p>
            <strong>${words(`console.concern.${one.category}`)}</strong>,
            ${words("console.concern.closed_at", { moment: momentOf(one.closed_at, words) })}
          </p>
          ${knownView(words, doings, one.id, known.get(one.id))}
        </li>`,
      )}
    </ul>
    ${closed.length > 0 && closed.length % CLOSED_PAGE === 0
      ? html`<button type="button" class="quiet" @click=${doings.lookUpClosed}>
          ${words("console.concerns.earlier")}
        </button>`
      : nothing}
  `;
}

/** The steps with their notes, or the button that reads them. */
function knownView(
  words: Model["words"],
  doings: Doings,
  concern: string,
  known: readonly StepTaken[] | undefined,
): TemplateResult {
  if (!known)
    return html`<button type="button" class="quiet" @click=${() => doings.readConcern(concern)}>
      ${words("console.concern.known")}
    </button>`;
  return html`<ul class="known">
    ${known.map(
      (step) => html`<li>
        <strong>${words(`console.concern.state.${step.state}`)}</strong>, ${step.by}
        ${step.note ? html`<p>${step.note}</p>` : nothing}
        ${PARTS.map((part) =>
          step[part] ? html`<p><strong>${words(`console.concern.${part}`)}:</strong> ${step[part]}</p>` : nothing,
        )}
      </li>`,
    )}
  </ul>`;
}

function concernView(model: Model, doings: Doings, one: Concern): TemplateResult {
  const { words } = model;
  const read = model.known.get(one.id);
  const known = read?.at(-1)?.state === one.state ? read : undefined; // somebody may have gone further since
  const next = NEXT[one.state];
  const note = `concern-note-${one.id}`;
  return html`<li id="concern-${one.id}" tabindex="-1">
    <p>
      <strong>${words(`console.concern.${one.category}`)}</strong>
      ${words(`console.concern.state.${one.state}`)},
      ${words("console.concern.ago", { minutes: minutesSince(one.raised_at) })}
    </p>
    ${knownView(words, doings, one.id, known)}
    ${next
      ? html`<form
          @submit=${(event: SubmitEvent) => {
            event.preventDefault();
            doings.step(one, event.currentTarget as HTMLFormElement, next);
          }}
        >
          <label for=${note}>
            ${words(next === "decided" ? "console.concern.reason" : "console.concern.step_note")}
          </label>
          <textarea id=${note} name="note" rows="2" ?required=${next === "decided"}></textarea>
          ${next === "decided" ? decisionFields(model, one.id) : nothing}
          ${faultBox(model.stuck.get(one.id) ?? null)}
          <button type="submit" @click=${once}>${words(`console.concern.step.${next}`)}</button>
        </form>`
      : nothing}
  </li>`;
}

/** After a step the same button takes the next one, which the second click of a double click is not meant for. */
function once(event: MouseEvent): void {
  if (event.detail > 1) event.preventDefault();
}

/** What a decision must say besides its reason. */
function decisionFields({ words, connection }: Model, concern: string): TemplateResult {
  const seconds = (connection?.known().me?.d["seconds"] ?? []) as readonly Colleague[];
  const field = (part: (typeof PARTS)[number]): string => `concern-${part}-${concern}`;
  return html`
    <label for=${field("second")}>${words("console.concern.second")}</label>
    <select id=${field("second")} name="second" required>
      <option value="">${words("console.wrap_up.choose")}</option>
      ${seconds.map((one) => html`<option value=${one.staff}>${one.name}</option>`)}
    </select>
    ${(["shared", "parent_told", "references"] as const).map(
      (part) => html`
        <label for=${field(part)}>${words(`console.concern.${part}`)}</label>
        <textarea id=${field(part)} name=${part} rows="2" ?required=${part !== "references"}></textarea>
      `,
    )}
  `;
}

interface Flagged {
  readonly from: string;
  readonly flags: readonly { readonly category: string; readonly words: readonly string[] }[];
}

/** What the risk check noticed in a conversation: the newest text, and the words of it. */
export function flagsView({ words, connection }: Model, conversation: string): TemplateResult | typeof nothing {
  const events = connection?.known().streams[`staff:${conversation}`]?.events ?? [];
  const newest = events.findLast((event) => event.k === "risk.flagged");
  if (!newest) return nothing;
  const { flags } = newest.d as unknown as Flagged;
  return html`<div class="flags" role="status">
    <p><strong>${words("console.flagged")}</strong> ${words("console.flagged.hint")}</p>
    <ul>
      ${flags.map((one) => html`<li>${words(`console.concern.${one.category}`)}: ${one.words.join(" … ")}</li>`)}
    </ul>
  </div>`;
}

/** What a coach fills in to tell a supervisor that somebody may not be safe. */
export function raiseView({ words }: Model, doings: Doings, conversation: string): TemplateResult {
  const id = `concern-${conversation}`;
  return html`<form
    class="beside"
    @submit=${(event: SubmitEvent) => {
      event.preventDefault();
      doings.raise(conversation, event.currentTarget as HTMLFormElement);
    }}
  >
    <h4>${words("console.concern")}</h4>
    <div class="field">
      <label for="${id}-category">${words("console.concern.category")}</label>
      <select id="${id}-category" name="category" required>
        <option value="">${words("console.wrap_up.choose")}</option>
        ${CATEGORIES.map((one) => html`<option value=${one}>${words(`console.concern.${one}`)}</option>`)}
      </select>
    </div>
    <div class="field">
      <label for="${id}-note">${words("console.concern.known")}</label>
      <textarea id="${id}-note" name="note" rows="3"></textarea>
    </div>
    <button type="submit" class="danger">${words("console.concern.raise")}</button>
  </form>`;
}
