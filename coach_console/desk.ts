/** The coach's desk: who I am and how free, who waits, and my conversations side by side. */
import { html, nothing, type TemplateResult } from "lit";
import { live } from "lit/directives/live.js";
import { repeat } from "lit/directives/repeat.js";
import { timeOf } from "../app/realtime/client/times.js";
import { chatView } from "./chat.js";
import { concernsView } from "./concerns.js";
import { questionsView } from "./consult.js";
import { explainView } from "./explain.js";
import { type Doings, minutesSince, mine, type Model } from "./model.js";
import { blocksView } from "./nuisance.js";
import { factsOf, offersView } from "./offers.js";
import { faultBox, languageButton } from "./sign_in.js";

const AVAILABILITIES = ["available", "busy", "on_break", "offline"] as const;

interface Waiting {
  readonly conversation: string;
  readonly since: string;
  readonly topic: string | null;
  readonly language: string;
  readonly age_band: string | null;
  readonly priority: number;
  readonly message: boolean;
}

interface Coach {
  readonly staff: string;
  readonly name: string;
  readonly availability: string;
  readonly load: number;
  readonly capacity: number;
  readonly lost: boolean;
  readonly needs_relief: boolean;
  readonly conversations: readonly string[];
}

export function deskView(model: Model, doings: Doings): TemplateResult {
  const isTold = Boolean(model.connection?.known().me); // until then nothing may be said of who waits or worries
  return html`
    ${topBar(model, doings, isTold)}
    <main id="main" class="desk">
      <h1 class="told" tabindex="-1">${model.words("console.title")}</h1>
      <div class="side">
        ${faultBox(model.fault)}
        ${isTold
          ? html`${offersView(model, doings)} ${queueView(model, doings)} ${supervision(model, doings)}`
          : nothing}
      </div>
      ${isTold ? chatsView(model, doings) : nothing}
    </main>
  `;
}

function chatsView(model: Model, doings: Doings): TemplateResult {
  const { words } = model;
  const chats = mine(model);
  return html`
    <section class="chats" aria-labelledby="chats-title">
      <h2 id="chats-title">${words("console.chats")}</h2>
      ${chats.length === 0
        ? html`<p class="empty">${words("console.chats.none")}</p>`
        : html`<div class="columns">
            ${repeat(
              chats,
              (one) => one.conversation,
              (one, index) => chatView(model, doings, one, index + 1),
            )}
          </div>`}
    </section>
  `;
}

function topBar(model: Model, doings: Doings, isTold: boolean): TemplateResult {
  const { words, staff, connection } = model;
  const me = connection?.known().me?.d ?? {};
  const current = String(me["availability"] ?? "offline");
  const choose = (event: Event): void => doings.setAvailability((event.target as HTMLSelectElement).value);
  return html`
    <header class="bar">
      <p class="who">
        <strong>${words("console.signed_in_as", { name: staff?.name ?? "" })}</strong>
        <span>${words(`console.role.${staff?.role ?? "coach"}`)}</span>
      </p>
      ${isTold
        ? html`<div class="availability">
              <label for="availability">${words("console.availability")}</label>
              <select id="availability" .value=${live(current)} @change=${choose}>
                ${AVAILABILITIES.map(
                  (one) =>
                    html`<option value=${one} ?selected=${one === current}>
                      ${words(`console.availability.${one}`)}
                    </option>`,
                )}
              </select>
            </div>
            <p class="load">
              ${words("console.load", { load: mine(model).length, capacity: Number(me["capacity"] ?? 0) })}
            </p>`
        : nothing}
      ${typeof me["rests_until"] === "string"
        ? html`<p role="status">${words("console.debrief", { time: timeOf(me["rests_until"]) })}</p>`
        : nothing}
      ${me["break_due"] === true ? html`<p role="status">${words("console.break_due")}</p>` : nothing}
      <p class="line" role="status">${words(lineKey(connection?.line()))}</p>
      <nav aria-label=${words("console.account")}>
        ${languageButton(model, doings)}
        <button type="button" class="quiet" @click=${() => doings.goTo("password")}>
          ${words("console.change_password")}
        </button>
        <button type="button" class="quiet" @click=${doings.signOut}>${words("console.sign_out")}</button>
      </nav>
    </header>
  `;
}

function lineKey(line: string | undefined): string {
  if (line === "open") return "console.connected";
  if (line === "connecting") return "console.connecting";
  return line === "waiting" ? "console.reconnecting" : "console.signed_out_elsewhere";
}

function queueView(model: Model, doings: Doings): TemplateResult {
  const { words } = model;
  const queue = model.connection?.known().queue?.d ?? {};
  const waiting = (queue["waiting"] ?? []) as readonly Waiting[];
  const lead = (queue["switchboard"] ?? null) as { readonly staff: string; readonly name: string } | null;
  return html`
    <section aria-labelledby="queue-title">
      <h2 id="queue-title">${words("console.queue")}</h2>
      <p role="status">
        ${waiting.length === 0
          ? words("console.queue.empty")
          : words("console.queue.count", { count: Number(queue["count"] ?? waiting.length) })}
      </p>
      ${lead && lead.staff !== model.staff?.id
        ? html`<p class="empty">${words("console.switchboard.held", { name: lead.name })}</p>`
        : html`<button type="button" class="main" @click=${doings.takeNext}>
            ${words("console.queue.take_next")}
          </button>`}
      ${switchboardButton(model, doings, lead?.staff)}
      <ol class="queue">
        ${repeat(
          waiting,
          (one) => one.conversation,
          (one, index) => waitingView(model, doings, one, index + 1),
        )}
      </ol>
    </section>
  `;
}

function switchboardButton(model: Model, doings: Doings, holder?: string): TemplateResult | typeof nothing {
  if (model.staff?.role !== "supervisor" || (holder && holder !== model.staff.id)) return nothing;
  const taken = holder === model.staff.id;
  return html`<button type="button" aria-pressed=${taken} @click=${() => doings.switchboard(!taken)}>
    ${model.words(`console.switchboard.${taken ? "give_back" : "take"}`)}
  </button>`;
}

/** A supervisor gives a parent to one of the coaches on duty. */
function giveView(model: Model, doings: Doings, conversation: string): TemplateResult | typeof nothing {
  const coaches = (model.connection?.known().queue?.d["coaches"] ?? []) as readonly Coach[];
  if (model.staff?.role !== "supervisor" || coaches.length === 0) return nothing;
  const { words } = model;
  const give = (event: Event): void => {
    event.preventDefault();
    doings.give(conversation, event.currentTarget as HTMLFormElement);
  };
  return html`<form class="give" @submit=${give}>
    <label for=${`give-${conversation}`}>${words("console.switchboard.coach")}</label>
    <select id=${`give-${conversation}`} name="staff" required>
      <option value="">${words("console.switchboard.choose")}</option>
      ${coaches.map(
        (one) => html`<option value=${one.staff}>${one.name} (${one.load}/${one.capacity})</option>`,
      )}
    </select>
    <button aria-describedby=${`waiting-${conversation}`}>${words("console.switchboard.give")}</button>
  </form>`;
}

function waitingView(model: Model, doings: Doings, one: Waiting, place: number): TemplateResult {
  const { words } = model;
  const mayPick = model.connection?.known().queue?.d["may_pick"] !== false;
  const id = `waiting-${one.conversation}`;
  return html`<li class=${one.priority > 0 ? "risk" : ""}>
    <p id=${id}>
      ${one.priority > 0 ? html`<strong class="flag">${words("console.queue.high_risk")}</strong> ` : nothing}
      ${one.message ? html`<strong>${words("console.queue.message")}.</strong> ` : nothing}
      <span>${words("console.queue.position", { position: place })}: ${factsOf(model, one)}.</span>
      <span class="waited">${words("console.queue.waiting_since", { minutes: minutesSince(one.since) })}</span>
    </p>
    ${mayPick
      ? html`<button type="button" aria-describedby=${id} @click=${() => doings.take(one.conversation)}>
          ${words("console.queue.claim")}
        </button>`
      : nothing}
    ${giveView(model, doings, one.conversation)}
    ${model.staff?.role === "supervisor" ? explainView(model, doings, one.conversation, id) : nothing}
  </li>`;
}

function supervision(model: Model, doings: Doings): TemplateResult | typeof nothing {
  if (model.staff?.role !== "supervisor") return nothing;
  const { words } = model;
  const coaches = (model.connection?.known().queue?.d["coaches"] ?? []) as readonly Coach[];
  return html`
    ${concernsView(model, doings)} ${questionsView(model, doings)} ${blocksView(model, doings)}
    ${waitErrorView(model)}
    <section aria-labelledby="coaches-title">
      <h2 id="coaches-title">${words("console.coaches")}</h2>
      ${coaches.length === 0
        ? html`<p class="empty">${words("console.coaches.none")}</p>`
        : html`<ul class="coaches">
            ${coaches.map(
              (one) => html`<li>
                <strong>${one.name}</strong>
                ${one.lost ? html`<strong class="flag">${words("console.coaches.lost")}</strong>` : nothing}
                ${one.needs_relief ? html`<strong class="flag">${words("console.coaches.needs_relief")}</strong>` : nothing}
                ${words(`console.availability.${one.availability}`)},
                ${words("console.load", { load: one.load, capacity: one.capacity })}
                ${heldView(model, doings, one)}
              </li>`,
            )}
          </ul>`}
    </section>
  `;
}

/** How wrong the expected waits of the last day were. */
function waitErrorView({ words, connection }: Model): TemplateResult | typeof nothing {
  const found = connection?.known().queue?.d["wait_error"];
  if (typeof found !== "object" || found === null) return nothing;
  const { parents, off_s, within_p80 } = found as { parents: number; off_s: number; within_p80: number };
  return html`<section aria-labelledby="waits-title">
    <h2 id="waits-title">${words("console.waits")}</h2>
    <p>
      ${words("console.waits.error", {
        count: parents,
        minutes: (off_s / 60).toFixed(1),
        share: Math.round(100 * within_p80),
      })}
    </p>
  </section>`;
}

/** The conversations of a coach, each with the question why it is theirs. */
function heldView(model: Model, doings: Doings, coach: Coach): TemplateResult | typeof nothing {
  if (coach.conversations.length === 0) return nothing;
  return html`<ol class="held">
    ${coach.conversations.map((conversation, index) => {
      const id = `held-${conversation}`;
      const name = model.words("console.coaches.holds", { number: index + 1, name: coach.name });
      return html`<li><span id=${id}>${name}</span> ${explainView(model, doings, conversation, id)}</li>`;
    })}
  </ol>`;
}
