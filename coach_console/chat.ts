/** One conversation as a column: what is said, what to say, and what stands beside it. */
import { html, nothing, type TemplateResult } from "lit";
import { live } from "lit/directives/live.js";
import { repeat } from "lit/directives/repeat.js";
import type { Stream } from "../app/realtime/client/reducer.js";
import { timeOf } from "../app/realtime/client/times.js";
import { delivery, isTyping, messageLeft, messages, missing, notes, type Said, unread } from "../app/realtime/client/transcript.js";
import { characters, faultOf, tooLong } from "../app/realtime/client/words.js";
import { cardView } from "./card.js";
import { flagsView, raiseView } from "./concerns.js";
import { consultView, whisperView } from "./consult.js";
import { type Begun, begunIn, type Doings, labelOf, minutesSince, type Mine, type Model } from "./model.js";
import { nuisanceView } from "./nuisance.js";
import { faultBox } from "./sign_in.js";
import { transferView } from "./transfer.js";
import { wrapUpView } from "./wrap_up.js";

const WARN_LEFT = 300;
const FACTS = {
  age_band: "widget.age_band",
  stage: "widget.stage",
  send: "widget.send_question",
  attendance: "widget.attendance",
  region: "widget.region",
} as const;
const DELIVERY = {
  sending: "console.chat.sending",
  sent: "console.chat.delivered",
  seen: "console.chat.read",
  refused: "console.chat.not_sent",
} as const;

export function chatView(model: Model, doings: Doings, one: Mine, place: number): TemplateResult {
  const { words, connection } = model;
  const { conversation } = one;
  const begun = begunIn(model, conversation);
  const known = connection?.known();
  const stream = known?.streams[`conv:${conversation}`];
  const said = known ? messages(known, `conv:${conversation}`, "coach") : [];
  const isNew = unread(said, "parent", begun.readUpTo);
  const ended = one.status === "wrap_up" || stream?.state["status"] === "wrap_up";
  const title = `chat-${conversation}`;
  return html`
    <article class="chat" aria-labelledby=${title} tabindex="-1" data-conversation=${conversation}>
      <header>
        <h3 id=${title}>${words("console.chat.numbered", { number: place })}</h3>
        ${isNew > 0 ? html`<span class="badge">${words("console.chat.unread", { count: isNew })}</span>` : nothing}
        <p class="facts" role="status">${ended ? words(endedKey(stream)) : presence(model, stream)}</p>
        <p class="facts">
          ${words("console.chat.lasting", { minutes: minutesSince(one.since) })}
          <kbd>Alt+${place}</kbd>
        </p>
      </header>
      ${messageLeft(stream?.events ?? []) && !ended
        ? html`<p class="facts">${words("console.chat.left_message")}</p>`
        : nothing}
      ${cardView(model, conversation)} ${logView(model, doings, stream, said)} ${flagsView(model, conversation)}
      ${whisperView(model, conversation)}
      <p class="done" role="status">${begun.told}</p>
      ${faultBox(begun.fault)}
      ${ended ? wrapUpView(model, doings, conversation) : composer(model, doings, conversation, begun)}
      ${besides(model, doings, conversation, begun, ended)}
    </article>
  `;
}

function presence({ words }: Model, stream: Stream | undefined): string {
  if (missing(stream) === "parent") return words("console.chat.parent_held");
  return words(stream?.here["parent"] === false ? "console.chat.parent_away" : "console.chat.parent_present");
}

function endedKey(stream: Stream | undefined): string {
  const by = stream?.events.findLast((event) => event.k === "conversation.ended")?.d["by"];
  if (by === "block") return "console.chat.block_ended";
  if (by === "absence") return "console.chat.absence_ended";
  return by === "parent" ? "console.chat.parent_ended" : "console.chat.you_ended";
}

function logView(
  { words, language }: Model,
  doings: Doings,
  stream: Stream | undefined,
  said: readonly Said[],
): TemplateResult {
  const reached = delivery(said, stream, "coach", ["parent"]);
  const typing = isTyping(stream, "parent", Date.now());
  return html`
    <div class="scroller" tabindex="0" role="log" aria-label=${words("widget.messages")} aria-relevant="additions">
      <ol class="messages">
        ${repeat(
          said,
          (one) => one.key,
          (one) => html`<li class=${one.from === "parent" ? "theirs" : "mine"}>
            <p class="who">
              ${words(one.from === "parent" ? "console.chat.parent" : "console.chat.you")}
              ${one.at ? html`<time datetime=${one.at}>${timeOf(one.at)}</time>` : nothing}
            </p>
            <p class="body">${one.body}</p>
            ${one.pending?.state === "refused" ? refusedView(words, language, doings, one) : nothing}
          </li>`,
        )}
      </ol>
    </div>
    <p class="state">
      <span class="typing">${typing ? words("console.chat.typing") : ""}</span>
      <span>${reached ? words(DELIVERY[reached]) : ""}</span>
    </p>
  `;
}

function refusedView(words: Model["words"], language: string, doings: Doings, { pending }: Said): TemplateResult {
  const clientId = pending?.clientId ?? "";
  const fault = pending?.fault ? faultOf(pending.fault, words, language) : null;
  return html`<div class="fault">
    <p><strong>${words("console.chat.not_sent")}.</strong> ${fault?.message} ${fault?.nextStep}</p>
    <button type="button" @click=${() => doings.retry(clientId)}>${words("console.chat.send_again")}</button>
    <button type="button" @click=${() => doings.discard(clientId)}>${words("widget.remove")}</button>
  </div>`;
}

function composer(model: Model, doings: Doings, conversation: string, begun: Begun): TemplateResult {
  const { words, connection } = model;
  const id = `composer-${conversation}`;
  const left = (connection?.known().limits.text ?? 4000) - characters(begun.draft);
  const told = left < 0 ? tooLong(words, -left) : words("console.chat.characters_left", { count: left });
  const key = (event: KeyboardEvent): void => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      doings.send(conversation);
    }
    if (event.key === "/" && begun.draft === "") {
      event.preventDefault();
      doings.open(conversation, "replies");
    }
  };
  return html`
    <form
      class="composer"
      @submit=${(event: SubmitEvent) => {
        event.preventDefault();
        doings.send(conversation);
      }}
    >
      <label for=${id}>${words("console.chat.message")}</label>
      <textarea
        id=${id}
        rows="2"
        aria-describedby="${id}-hint"
        aria-invalid=${String(left < 0)}
        .value=${live(begun.draft)}
        @input=${(event: InputEvent) =>
          doings.write(conversation, (event.currentTarget as HTMLTextAreaElement).value)}
        @keydown=${key}
      ></textarea>
      <p class=${left < 0 ? "hint over" : "hint"} id="${id}-hint">
        ${left < WARN_LEFT ? told : words("console.chat.send_hint")}
      </p>
      <button type="submit" class="main">${words("console.chat.send")}</button>
    </form>
  `;
}

function besides(
  model: Model,
  doings: Doings,
  conversation: string,
  begun: Begun,
  ended: boolean,
): TemplateResult {
  const { words } = model;
  const toggle = (what: Begun["open"], key: string): TemplateResult =>
    html`<button
      type="button"
      aria-expanded=${String(begun.open === what)}
      @click=${() => doings.open(conversation, begun.open === what ? "" : what)}
    >
      ${words(key)}
    </button>`;
  return html`
    <div class="tools">
      ${ended ? nothing : toggle("replies", "console.chat.ready_replies")} ${toggle("about", "console.chat.about")}
      ${toggle("notes", "console.chat.note")} ${toggle("consult", "console.consult")}
      ${toggle("concern", "console.concern")}
      ${ended ? nothing : toggle("transfer", "console.transfer")} ${ended ? nothing : toggle("end", "console.chat.end")}
      ${ended ? nothing : toggle("nuisance", "console.nuisance")}
    </div>
    ${opened(model, doings, conversation, begun)}
  `;
}

function opened(
  model: Model,
  doings: Doings,
  conversation: string,
  begun: Begun,
): TemplateResult | typeof nothing {
  switch (begun.open) {
    case "replies":
      return repliesView(model, doings, conversation, begun);
    case "about":
      return aboutView(model, conversation);
    case "notes":
      return notesView(model, doings, conversation, begun);
    case "consult":
      return consultView(model, doings, conversation);
    case "concern":
      return raiseView(model, doings, conversation);
    case "transfer":
      return transferView(model, doings, conversation);
    case "nuisance":
      return nuisanceView(model, doings, conversation);
    case "end":
      return endView(model, doings, conversation);
    case "":
      return nothing;
  }
}

function repliesView(model: Model, doings: Doings, conversation: string, begun: Begun): TemplateResult {
  const { words, content, staff } = model;
  const id = `replies-${conversation}`;
  const sought = begun.search.trim().toLowerCase();
  const name = (staff?.name ?? "").split(" ")[0] ?? "";
  const found = (content?.ready_replies ?? [])
    .map(({ title, body }) => ({ title, body: body.replaceAll("{coach_name}", name) }))
    .filter(({ title, body }) => `${title} ${body}`.toLowerCase().includes(sought));
  const use = (body: string): void => {
    begun.search = "";
    doings.write(conversation, begun.draft ? `${begun.draft}\n${body}` : body);
    doings.open(conversation, "");
    document.getElementById(`composer-${conversation}`)?.focus();
  };
  return html`<section class="beside" aria-label=${words("console.chat.ready_replies")}>
    <label for=${id}>${words("console.chat.find_reply")}</label>
    <input
      id=${id}
      type="search"
      .value=${live(begun.search)}
      @input=${(event: InputEvent) => {
        begun.search = (event.currentTarget as HTMLInputElement).value;
        doings.draw();
      }}
      @keydown=${(event: KeyboardEvent) => {
        const [first] = found;
        if (event.key !== "Enter" || !first || !sought) return;
        event.preventDefault();
        use(first.body);
      }}
    />
    ${found.length === 0 ? html`<p class="empty" role="status">${words("console.nothing_found")}</p>` : nothing}
    <ul class="picks">
      ${found.map(
        (one) => html`<li>
          <button type="button" @click=${() => use(one.body)}><strong>${one.title}</strong> ${one.body}</button>
        </li>`,
      )}
    </ul>
  </section>`;
}

function aboutView({ words, content, connection }: Model, conversation: string): TemplateResult {
  const state = connection?.known().streams[`conv:${conversation}`]?.state ?? {};
  const facts = [
    { name: words("widget.topic"), value: state["topic"] ? labelOf(content?.topics, state["topic"]) : "" },
    ...Object.entries(FACTS).map(([fact, key]) => ({
      name: words(key),
      value: state[fact] ? labelOf(content?.child[fact], state[fact]) : "",
    })),
  ].filter(({ value }) => value !== "");
  return html`<section class="beside" aria-label=${words("console.chat.about")}>
    ${facts.length === 0
      ? html`<p>${words("console.chat.nothing_said")}</p>`
      : html`<dl>
          ${facts.map(
            ({ name, value }) => html`<div>
              <dt>${name}</dt>
              <dd>${value}</dd>
            </div>`,
          )}
        </dl>`}
  </section>`;
}

function notesView(model: Model, doings: Doings, conversation: string, begun: Begun): TemplateResult {
  const { words, connection, staff } = model;
  const known = connection?.known();
  const written = known ? notes(known, `staff:${conversation}`, "coach") : [];
  const id = `note-${conversation}`;
  return html`<section class="beside" aria-label=${words("console.chat.note")}>
    <p class="hint">${words("console.chat.note_hint")}</p>
    <ol class="notes">
      ${written.map(
        (one) => html`<li>
          <p class="who">
            ${one.by || staff?.name} ${one.at ? html`<time datetime=${one.at}>${timeOf(one.at)}</time>` : ""}
          </p>
          <p class="body">${one.body}</p>
        </li>`,
      )}
    </ol>
    <form
      @submit=${(event: SubmitEvent) => {
        event.preventDefault();
        doings.addNote(conversation);
      }}
    >
      <label for=${id}>${words("console.chat.note")}</label>
      <textarea
        id=${id}
        rows="2"
        .value=${live(begun.note)}
        @input=${(event: InputEvent) => (begun.note = (event.currentTarget as HTMLTextAreaElement).value)}
      ></textarea>
      <button type="submit">${words("console.chat.note_add")}</button>
    </form>
  </section>`;
}

function endView({ words }: Model, doings: Doings, conversation: string): TemplateResult {
  return html`<section class="beside" aria-label=${words("console.chat.end")}>
    <p>${words("console.chat.end_question")}</p>
    <button type="button" class="danger" @click=${() => doings.end(conversation)}>${words("widget.end_yes")}</button>
    <button type="button" @click=${() => doings.open(conversation, "")}>${words("widget.end_no")}</button>
  </section>`;
}
