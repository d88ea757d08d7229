/** Consult and whisper: a coach asks, a supervisor answers beside the chat. The parent sees none of it. */
import { html, nothing, type TemplateResult } from "lit";
import { type Consulted, type Doings, minutesSince, type Model } from "./model.js";

interface Said {
  readonly by: string;
  readonly body: string;
}

interface Question {
  readonly conversation: string;
  readonly by: string;
  readonly asked_at: string;
}

/** What a coach asked the supervisors about this chat, what they said, and the field to ask more. */
export function consultView({ words, connection }: Model, doings: Doings, conversation: string): TemplateResult {
  const events = connection?.known().streams[`staff:${conversation}`]?.events ?? [];
  const said = events.filter((event) => event.k === "consult.asked" || event.k === "consult.whispered");
  return html`<section class="beside" aria-label=${words("console.consult")}>
    <p class="hint">${words("console.consult.hint")}</p>
    ${saidView(said.map((event) => event.d as unknown as Said))}
    ${formView(words("console.consult.ask"), words("console.consult.send"), `consult-${conversation}`, (form) =>
      doings.consult(conversation, form, "consult.ask"),
    )}
  </section>`;
}

/** The newest word of a supervisor about this chat, where the coach cannot miss it. */
export function whisperView({ words, connection }: Model, conversation: string): TemplateResult {
  const events = connection?.known().streams[`staff:${conversation}`]?.events ?? [];
  const newest = events.findLast((event) => event.k === "consult.whispered");
  return html`<div role="status">
    ${newest
      ? html`<p class="flags">
          <strong>${words("console.consult.whispered", { name: (newest.d as unknown as Said).by })}</strong>
          ${(newest.d as unknown as Said).body}
        </p>`
      : nothing}
  </div>`;
}

/** For supervisors: who asks, and what they asked once it is opened. */
export function questionsView(model: Model, doings: Doings): TemplateResult {
  const { words } = model;
  const questions = (model.connection?.known().me?.d["consults"] ?? []) as readonly Question[];
  return html`<section aria-labelledby="consults-title">
    <h2 id="consults-title">${words("console.consults")}</h2>
    ${questions.length === 0
      ? html`<p class="empty">${words("console.consults.none")}</p>`
      : html`<ul class="concerns">
          ${questions.map((one) => questionView(model, doings, one))}
        </ul>`}
  </section>`;
}

function questionView(model: Model, doings: Doings, one: Question): TemplateResult {
  const { words } = model;
  const read: readonly Consulted[] | undefined = model.consulted.get(one.conversation);
  return html`<li>
    <p>
      <strong>${one.by}</strong>, ${words("console.concern.ago", { minutes: minutesSince(one.asked_at) })}
    </p>
    ${read
      ? saidView(read)
      : html`<button type="button" class="quiet" @click=${() => doings.readConsult(one.conversation)}>
          ${words("console.consult.read")}
        </button>`}
    ${formView(words("console.consult.answer"), words("console.consult.send"), `whisper-${one.conversation}`, (form) =>
      doings.consult(one.conversation, form, "consult.whisper"),
    )}
  </li>`;
}

function saidView(said: readonly Said[]): TemplateResult {
  return html`<ol class="notes">
    ${said.map(
      (one) => html`<li>
        <p class="who">${one.by}</p>
        <p class="body">${one.body}</p>
      </li>`,
    )}
  </ol>`;
}

function formView(label: string, send: string, id: string, sent: (form: HTMLFormElement) => void): TemplateResult {
  return html`<form
    @submit=${(event: SubmitEvent) => {
      event.preventDefault();
      sent(event.currentTarget as HTMLFormElement);
    }}
  >
    <label for=${id}>${label}</label>
    <textarea id=${id} name="body" rows="2" required></textarea>
    <button type="submit">${send}</button>
  </form>`;
}
