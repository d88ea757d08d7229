/** The conversation: waiting for a coach, talking, and after its end. */
import { html, nothing, type TemplateResult } from "lit";
import { live } from "lit/directives/live.js";
import { repeat } from "lit/directives/repeat.js";
import type { Place } from "../../realtime/client/reducer.js";
import { timeOf } from "../../realtime/client/times.js";
import { delivery, isTyping, messages, missing, type Said } from "../../realtime/client/transcript.js";
import { characters, faultOf, tooLong, type Words } from "../../realtime/client/words.js";
import { closingView, keptView, messageLeft } from "./message.js";
import { type Doings, helpShown, type Model, statusOf, streamOf } from "./model.js";
import { afterwards, emergency, faultBox, notice, research, support } from "./parts.js";

const STAFF = ["coach", "supervisor"];
const WARN_LEFT = 300;
const TOO_MANY = 4504;
const DELIVERY = { sending: "widget.sending", sent: "widget.sent", seen: "widget.read" } as const;

export function conversationView(model: Model, doings: Doings): TemplateResult {
  const status = statusOf(model);
  if (status === null) return joining(model, doings);
  if (status === "waiting" || status === "open") return talk(model, doings, status);
  return ended(model, doings, status);
}

function joining({ words, connection }: Model, doings: Doings): TemplateResult {
  const stopped = connection?.line() === "stopped";
  return html`<main id="main" class="page">
    <h1 tabindex="-1">${words("widget.transcript")}</h1>
    ${stopped
      ? html`${faultBox(
          connection.stopCode() === TOO_MANY
            ? { message: words("widget.other_tab"), nextStep: "" }
            : { message: words("widget.stopped"), nextStep: words("widget.stopped_next") },
        )}
          <button type="button" @click=${doings.startAgain}>${words("widget.new_chat")}</button>`
      : html`<p role="status">${words("widget.connecting")}</p>`}
  </main>`;
}

function talk(model: Model, doings: Doings, status: string): TemplateResult {
  const { words } = model;
  const stream = model.connection?.known().streams[streamOf(model)];
  const coach = String(stream?.state["coach"] ?? "");
  const kept = status === "waiting" && messageLeft(model);
  const heading = kept
    ? words("widget.message_kept")
    : status === "waiting" ? words("widget.waiting_title") : coach ? words("widget.coach_named", { name: coach }) : words("widget.coach");
  return html`
    <main id="main" class="talk">
      <div class="talk-head">
        <h1 tabindex="-1">${heading}</h1>
        <button type="button" class="quiet" @click=${() => doings.askEnd(true)}>
          ${words(kept ? "widget.message_remove" : status === "waiting" ? "widget.leave_queue" : "widget.end")}
        </button>
      </div>
      ${status === "waiting" && !kept
        ? html`<p class="place" role="status">
            ${backWords(model)}
            ${stream?.place ? placeWords(words, stream.place) : `${words("widget.wait_unknown")}.`}
          </p>`
        : nothing}
      <div class="scroller" tabindex="0" role="region" aria-label=${words("widget.transcript")}>
        ${kept ? keptView(model, doings) : nothing} ${status === "waiting" ? closingView(model, doings) : nothing}
        ${status === "waiting" ? waiting(model) : nothing} ${log(model, doings)}
        <details class="more">
          <summary>${words("widget.more")}</summary>
          ${afterwards(model, doings)}
        </details>
      </div>
      ${warned(model) ? html`<p class="fault" role="status">${words("widget.warned")}</p>` : nothing}
      ${helpShown(model) && model.content ? support(model.content) : nothing}
      <p class=${model.connection?.line() === "open" && !coachAway(model) ? "line well" : "line"} role="status">${lineWords(model)}</p>
      ${model.confirmingEnd ? confirmEnd(model, doings, status) : composer(model, doings)}
    </main>
  `;
}

/** Whether the coach has asked for other words. */
function warned(model: Model): boolean {
  const events = model.connection?.known().streams[streamOf(model)]?.events ?? [];
  return events.some((event) => event.k === "conversation.warned");
}

/** Why a conversation that a coach had before waits again. */
function backWords(model: Model): string | typeof nothing {
  const events = model.connection?.known().streams[streamOf(model)]?.events ?? [];
  const entered = events.findLast((event) => event.k === "queue.entered")?.d;
  if (entered?.["again"] !== true) return nothing;
  return model.words(entered["why"] === "transferred" ? "widget.handed_over" : "widget.back_in_queue");
}

function waiting(model: Model): TemplateResult {
  const { words, content } = model;
  return html`
    <section class="waiting" aria-label=${words("widget.waiting_title")}>
      ${messageLeft(model) ? nothing : html`<p>${words("widget.waiting_write")}</p>`}
      ${content ? emergency(content, true) : nothing}
      <p>
        <a href="/advice?lang=${model.language}" target="_blank" rel="noopener">${words("widget.read_advice")}</a>
      </p>
    </section>
  `;
}

/** A place in the queue and the honest wait, in words. */
export function placeWords(words: Words, { position, expected }: Place): string {
  const before = position - 1;
  const told = before === 0 ? words("widget.position_first") : words("widget.position", { count: before });
  return `${told}. ${waitWords(words, expected)}.`;
}

/** Half of parents wait less than `p50` seconds and four in five less than `p80`: told as from and to. */
function waitWords(words: Words, expected: Place["expected"]): string {
  if (!expected) return words("widget.wait_unknown");
  const from = Math.max(1, Math.ceil(expected.p50 / 60));
  const to = Math.max(1, Math.ceil(expected.p80 / 60));
  if (to === 1) return words("widget.wait_soon");
  return from === to ? words("widget.wait_minutes", { minutes: to }) : words("widget.wait_range", { from, to });
}

function log(model: Model, doings: Doings): TemplateResult {
  const { connection, words } = model;
  const known = connection?.known();
  const name = streamOf(model);
  const stream = known?.streams[name];
  const said = known ? messages(known, name, "parent") : [];
  const coach = String(stream?.state["coach"] ?? words("widget.coach"));
  const reached = delivery(said, stream, "parent", STAFF);
  const typing = STAFF.some((one) => isTyping(stream, one, Date.now()));
  return html`
    <div role="log" aria-label=${words("widget.messages")} aria-relevant="additions">
      <ol class="messages">
        ${repeat(
          said,
          (one) => one.key,
          (one) => message(model, doings, one, coach),
        )}
      </ol>
    </div>
    <p class="delivery">${reached && reached !== "refused" ? words(DELIVERY[reached]) : ""}</p>
    <p class="typing">${typing ? words("widget.typing", { name: coach }) : ""}</p>
  `;
}

function message({ words, language }: Model, doings: Doings, one: Said, coach: string): TemplateResult {
  const mine = one.from === "parent";
  const refused = one.pending?.state === "refused" ? one.pending : null;
  const fault = refused?.fault ? faultOf(refused.fault, words, language) : null;
  return html`
    <li class=${mine ? "mine" : "theirs"}>
      <p class="who">
        ${mine ? words("widget.you") : one.from === "coach" ? coach : words("widget.supervisor")}
        ${one.at ? html`<time datetime=${one.at}>${timeOf(one.at)}</time>` : nothing}
      </p>
      <p class="body">${one.body}</p>
      ${refused
        ? html`<div class="fault">
            <p>
              <strong>${words("widget.not_sent")}.</strong> ${fault?.message} ${fault?.nextStep}
            </p>
            <button type="button" class="quiet" @click=${() => doings.retry(refused.clientId)}>
              ${words("widget.send_again")}
            </button>
            <button type="button" class="quiet" @click=${() => doings.discard(refused.clientId)}>
              ${words("widget.remove")}
            </button>
          </div>`
        : nothing}
    </li>
  `;
}

function composer(model: Model, doings: Doings): TemplateResult {
  const { words, draft, connection } = model;
  const limit = connection?.known().limits.text ?? 4000;
  const left = limit - characters(draft);
  const send = (event: Event): void => {
    event.preventDefault();
    doings.send();
  };
  const key = (event: KeyboardEvent): void => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    if (event.ctrlKey || event.metaKey || matchMedia("(pointer: fine)").matches) send(event);
  };
  const shown = limit.toLocaleString("en-GB");
  const told = left < 0 ? tooLong(words, -left) : words("widget.characters_left", { count: left });
  return html`
    <form class="composer" @submit=${send} novalidate>
      <label for="composer" class="told">${words("widget.message")}</label>
      <textarea
        id="composer"
        rows="2"
        aria-describedby="composer-limit"
        aria-invalid=${String(left < 0)}
        placeholder=${words("widget.message")}
        .value=${live(draft)}
        @input=${(event: InputEvent) => doings.write((event.currentTarget as HTMLTextAreaElement).value)}
        @keydown=${key}
      ></textarea>
      <button type="submit" class="main">${words("widget.send")}</button>
      <p
        id="composer-limit"
        class=${left < 0 ? "limit over" : left < WARN_LEFT ? "limit" : "limit told"}
        role=${left < 0 ? "alert" : nothing}
      >
        ${left < WARN_LEFT ? told : words("widget.limit", { limit: shown })}
      </p>
    </form>
  `;
}

function coachAway(model: Model): boolean {
  const stream = model.connection?.known().streams[streamOf(model)];
  return stream?.state["status"] === "open" && (stream.here["coach"] === false || missing(stream) === "coach");
}

/** The state of the connection in plain words. */
function lineWords(model: Model): string {
  const { words, connection } = model;
  switch (connection?.line()) {
    case "open":
      return words(coachAway(model) ? "widget.coach_away" : "widget.connected");
    case "connecting":
      return words("widget.connecting");
    case "waiting":
      return words("widget.reconnecting");
    default:
      return words("widget.stopped");
  }
}

function confirmEnd(model: Model, doings: Doings, status: string): TemplateResult {
  const { words, fault } = model;
  const kept = status === "waiting" && messageLeft(model);
  const waits = status === "waiting";
  return html`
    <div
      class="confirm"
      role="alertdialog"
      aria-labelledby="confirm-title"
      aria-describedby="confirm-text"
      @keydown=${(event: KeyboardEvent) => event.key === "Escape" && doings.askEnd(false)}
    >
      <h2 id="confirm-title">
        ${words(kept ? "widget.message_remove" : waits ? "widget.leave_queue" : "widget.end_question")}
      </h2>
      <p id="confirm-text">
        ${words(kept ? "widget.message_remove_text" : waits ? "widget.leave_text" : "widget.end_text")}
      </p>
      ${fault ? faultBox(fault) : nothing}
      <button type="button" class="main" id="confirm-yes" @click=${doings.end}>
        ${words(kept ? "widget.message_remove_yes" : waits ? "widget.leave_yes" : "widget.end_yes")}
      </button>
      <button type="button" class="quiet" @click=${() => doings.askEnd(false)}>
        ${words(kept ? "widget.message_keep" : waits ? "widget.stay_waiting" : "widget.end_no")}
      </button>
    </div>
  `;
}

function endedBy(model: Model, status: string): string {
  const events = model.connection?.known().streams[streamOf(model)]?.events ?? [];
  if (status === "abandoned") {
    const left = events.findLast((event) => event.k === "conversation.abandoned");
    return left?.d["by"] === "absence" ? "widget.let_go" : "widget.left_queue";
  }
  const by = events.findLast((event) => event.k === "conversation.ended")?.d["by"];
  if (by === "block") return "widget.ended_by_block";
  if (by === "absence") return "widget.ended_by_absence";
  return by === "parent" ? "widget.ended_by_you" : "widget.ended_by_coach";
}

function ended(model: Model, doings: Doings, status: string): TemplateResult {
  const { words, content } = model;
  return html`
    <main id="main" class="page">
      <h1 tabindex="-1">${words("widget.ended")}</h1>
      <p>${words(endedBy(model, status))}</p>
      ${content ? notice(content.notices.ending.text) : nothing} ${content ? emergency(content) : nothing}
      ${status === "abandoned" ? research(model, doings) : afterwards(model, doings)}
      <details class="more" ?open=${messageLeft(model)}>
        <summary>${words("widget.transcript")}</summary>
        ${log(model, doings)}
      </details>
      <section>
        <p><a href="/advice?lang=${model.language}" target="_blank" rel="noopener">${words("widget.read_advice")}</a></p>
        <button type="button" @click=${doings.startAgain}>${words("widget.new_chat")}</button>
        <p class="hint">${words("widget.new_chat_hint")}</p>
      </section>
    </main>
  `;
}
