/** Before the conversation: what this is, its limits, who to ring in danger, and the first message. */
import { html, nothing, type TemplateResult } from "lit";
import type { Refused } from "../../realtime/client/connection.js";
import { characters, type Fault, faultOf, tooLong, type Words } from "../../realtime/client/words.js";
import type { Code, Content } from "./content.js";
import { opensWords } from "./message.js";
import type { Doings, Model } from "./model.js";
import { emergency, faultBox, inline, notice } from "./parts.js";

/** What may be asked, and the key of its words. */
export const QUESTIONS = {
  topic: "widget.topic",
  age_band: "widget.age_band",
  stage: "widget.stage",
  send: "widget.send_question",
  attendance: "widget.attendance",
  region: "widget.region",
} as const;

type Question = keyof typeof QUESTIONS;

export function startView(model: Model, doings: Doings): TemplateResult {
  const { content, service, words } = model;
  if (!content || !service) return html``;
  return html`
    <main id="main" class="page">
      <h1 tabindex="-1">${words("widget.title")}</h1>
      <button type="button" class="main" @click=${toLimits}>
        ${words(service.open ? "widget.start" : "widget.message_leave")}
      </button>
      ${notice(content.notices.about.text)} ${emergency(content)}
      <section aria-labelledby="confidentiality">
        <h2 id="confidentiality" tabindex="-1">${inline(content.notices.confidentiality.title)}</h2>
        ${notice(content.notices.confidentiality.text)}
        <details>
          <summary>${inline(content.notices.privacy.title)}</summary>
          ${notice(content.notices.privacy.text)}
        </details>
      </section>
      ${service.open ? nothing : closed(model, content)} ${form(model, doings, content, service.open)}
      <section aria-labelledby="before">
        <h2 id="before">${words("widget.return_code_use")}</h2>
        <p>${words("widget.return_offer")}</p>
        <button type="button" class="quiet" @click=${() => doings.goTo("return")}>
          ${words("widget.resume")}
        </button>
      </section>
    </main>
  `;
}

/** The limits are read before the first words, so the way to the form, which follows on them, leads there. */
function toLimits(): void {
  const limits = document.getElementById("confidentiality");
  limits?.focus({ preventScroll: true });
  limits?.scrollIntoView({ block: "start" });
}

/** Starts a conversation; while the service is closed, leaves a message. */
function form(model: Model, doings: Doings, content: Content, open: boolean): TemplateResult {
  const { words } = model;
  const send = (event: SubmitEvent): void => {
    event.preventDefault();
    doings.start(event.currentTarget as HTMLFormElement);
  };
  return html`
    <form @submit=${send} novalidate aria-labelledby="begin">
      <h2 id="begin">${words(open ? "widget.start" : "widget.message_leave")}</h2>
      ${open ? nothing : html`<p>${words("widget.message_leave_text")}</p>`}
      <div class="field">
        <label for="first">${words(open ? "widget.first_message" : "widget.message")}</label>
        <p class="hint" id="first-hint">${words("widget.first_message_private")}</p>
        ${textField(model, doings)} ${model.fault && lacksWords(model) ? faultBox(model.fault) : nothing}
      </div>
      <details class="questions">
        <summary>${words("widget.questions")}</summary>
        <p class="hint">${words("widget.before_hint")}</p>
        ${(Object.keys(QUESTIONS) as Question[]).map((name) => choice(model, name, choices(content, name)))}
        <div class="field">
          <label for="language">${words("widget.chat_language")}</label>
          <select id="language" name="language">
            <option value="en" lang="en" ?selected=${model.language === "en"}>English</option>
            <option value="cy" lang="cy" ?selected=${model.language === "cy"}>Cymraeg</option>
          </select>
        </div>
      </details>
      <section class="consent" aria-labelledby="consent-title">
        <h3 id="consent-title">${inline(content.consent.title)}</h3>
        ${notice(content.consent.text)}
        <label class="check">
          <input type="checkbox" name="research_consent" />
          <span>${inline(content.consent.label)}</span>
        </label>
        <p class="hint">${words("widget.consent_version", { version: content.consent.version })}</p>
      </section>
      ${model.followed
        ? html`<label class="check">
            <input type="checkbox" name="same_coach" />
            <span>${words("widget.same_coach")}</span>
          </label>`
        : nothing}
      ${model.fault && !lacksWords(model) ? faultBox(model.fault) : nothing}
      <button type="submit" class="main" aria-disabled=${String(model.busy)}>
        ${words(model.busy ? "widget.starting" : open ? "widget.join_queue" : "widget.message_leave_yes")}
      </button>
    </form>
  `;
}

function textField(model: Model, doings: Doings): TemplateResult {
  const { words, draft } = model;
  const limit = 4000;
  const over = characters(draft) - limit;
  return html`
    <textarea
      id="first"
      name="first_message"
      rows="4"
      aria-describedby="first-hint first-limit"
      aria-invalid=${String(over > 0)}
      .value=${draft}
      @input=${(event: InputEvent) => doings.write((event.currentTarget as HTMLTextAreaElement).value)}
    ></textarea>
    <p class=${over > 0 ? "limit over" : "limit"} id="first-limit" role=${over > 0 ? "alert" : nothing}>
      ${over > 0 ? tooLong(words, over) : words("widget.limit", { limit: "4,000" })}
    </p>
  `;
}

/** Whether a message was to be left without words: that is told beside its field, which has the cursor. */
function lacksWords({ service, draft }: Model): boolean {
  return service?.open === false && draft.trim() === "";
}

/** What a question offers: only main topics, as a parent should not have to know the codebook. */
function choices(content: Content, name: Question): readonly Code[] {
  if (name !== "topic") return content.child[name];
  return content.topics.filter((one) => !one.parent && one.data !== false);
}

function choice({ words }: Model, name: Question, offered: readonly Code[]): TemplateResult {
  return html`
    <div class="field">
      <label for=${name}>${words(QUESTIONS[name])}</label>
      <select id=${name} name=${name}>
        <option value="">${words("widget.prefer_not")}</option>
        ${offered.map((one) => html`<option value=${one.id}>${one.label}</option>`)}
      </select>
    </div>
  `;
}

function closed({ words, service, language }: Model, content: Content): TemplateResult {
  return html`
    <section class="closed" aria-labelledby="closed">
      <h2 id="closed">${inline(content.notices.closed.title)}</h2>
      ${notice(content.notices.closed.text)}
      <p class="big">${opensWords(words, service?.nextOpening)}</p>
      <p><a href="/advice?lang=${language}" target="_blank" rel="noopener">${words("widget.read_advice")}</a></p>
    </section>
  `;
}

/** Why no four words, or these, open anything, in words of either language. */
export function codeFault(refused: Refused | null, words: Words, language: string): Fault {
  if (!refused) return { message: words("widget.return_code_missing"), nextStep: "" };
  const nextStep = words("widget.return_code_check");
  switch (refused.code) {
    case "bad_request":
      return { message: words("widget.return_code_unlike"), nextStep };
    case "not_found":
      return { message: words("widget.return_code_unknown"), nextStep };
    case "rate_limited":
      return { message: words("widget.return_code_too_often"), nextStep: words("widget.return_code_wait") };
    default:
      return faultOf(refused, words, language);
  }
}

export function returnView(model: Model, doings: Doings): TemplateResult {
  const { words, fault, busy } = model;
  const send = (event: SubmitEvent): void => {
    event.preventDefault();
    doings.comeBack(event.currentTarget as HTMLFormElement);
  };
  return html`
    <main id="main" class="page">
      <h1 tabindex="-1">${words("widget.return_code_use")}</h1>
      <p>${words("widget.return_text")}</p>
      <form @submit=${send} novalidate>
        <div class="field">
          <label for="code">${words("widget.return_code_enter")}</label>
          <input
            id="code"
            name="code"
            type="text"
            autocomplete="off"
            autocapitalize="none"
            spellcheck="false"
            aria-invalid=${String(fault !== null)}
            aria-describedby=${fault ? "code-fault" : nothing}
          />
        </div>
        <div id="code-fault">${fault ? faultBox(fault) : nothing}</div>
        <button type="submit" class="main" aria-disabled=${String(busy)}>${words("widget.return_code_use")}</button>
        <button type="button" class="quiet" @click=${() => doings.goTo("start")}>${words("common.back")}</button>
      </form>
    </main>
  `;
}
