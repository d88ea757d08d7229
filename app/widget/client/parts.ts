/** Small pieces that several views of the parent's chat show. */
import { html, nothing, type TemplateResult } from "lit";
import type { Fault } from "../../realtime/client/words.js";
import type { Content, Versions } from "./content.js";
import { type Doings, type Model, statusOf } from "./model.js";

/** A text that the charity wrote: a paragraph for each version, marked with its own language. */
export function notice(versions: Versions): TemplateResult {
  return html`${versions.map(({ language, text }) => html`<p lang=${language}>${text}</p>`)}`;
}

/** The same within a heading or a label. */
export function inline(versions: Versions): TemplateResult {
  return html`${versions.map(
    ({ language, text }, index) => html`${index > 0 ? " " : ""}<span class="version" lang=${language}>${text}</span>`,
  )}`;
}

/** Who to ring in danger: above everything that can wait. */
export function emergency({ emergency: { title, text, numbers } }: Content, folded = false): TemplateResult {
  const list = html`${notice(text)} ${numbersOf(numbers)}`;
  if (folded) return html`<details class="emergency"><summary>${inline(title)}</summary>${list}</details>`;
  return html`<section class="emergency" aria-labelledby="emergency">
    <h2 id="emergency">${inline(title)}</h2>
    ${list}
  </section>`;
}

function numbersOf(numbers: Content["emergency"]["numbers"]): TemplateResult {
  return html`<ul class="numbers">
    ${numbers.map(
      (one) => html`<li>
        <a href="tel:${one.phone.replace(/\s/g, "")}"><strong>${inline(one.name)}: ${one.phone}</strong></a>
        ${inline(one.what)}
      </li>`,
    )}
  </ul>`;
}

/** Who can help, beside the talk, once something in it gave reason to say so. */
export function support({ notices, emergency: { numbers } }: Content): TemplateResult {
  return html`<details class="emergency support" open>
    <summary>${inline(notices.support.title)}</summary>
    ${notice(notices.support.text)} ${numbersOf(numbers)}
  </details>`;
}

export function faultBox({ message, nextStep }: Fault): TemplateResult {
  return html`<div class="fault" role="alert">
    <p><strong>${message}</strong></p>
    ${nextStep ? html`<p>${nextStep}</p>` : nothing}
  </div>`;
}

/** The bar that is always there: leave at once, and the other language. */
export function header({ words, language, neutral }: Model, doings: Doings): TemplateResult {
  const other = language === "en" ? "cy" : "en";
  return html`
    <header class="top">
      <a class="exit" href=${neutral} target="_top" rel="noreferrer nofollow" @click=${doings.exit}>
        ${words("common.exit")}<span class="told">. ${words("common.exit_hint")}</span>
      </a>
      <button type="button" class="quiet" lang=${other} @click=${() => doings.speak(other)}>
        ${other === "cy" ? "Cymraeg" : "English"}
      </button>
    </header>
  `;
}

/** What the parent may do about coming back and about research, at any time of the conversation. */
export function afterwards(model: Model, doings: Doings): TemplateResult {
  return html`${comingBack(model, doings)} ${research(model, doings)}`;
}

function comingBack({ words, returnCode }: Model, doings: Doings): TemplateResult {
  return html`
    <section aria-labelledby="come-back">
      <h2 id="come-back">${words("widget.return_code")}</h2>
      <p>${words("widget.return_code_hint")}</p>
      ${returnCode
        ? html`<p role="status" class="code-told"><strong class="code">${returnCode}</strong></p>`
        : nothing}
      <button type="button" class="quiet" @click=${doings.makeCode}>
        ${words(returnCode ? "widget.return_code_new" : "widget.return_code_get")}
      </button>
    </section>
  `;
}

/** What was said about research, and the way to change it; a chat that nobody had time for is not asked for. */
export function research(model: Model, doings: Doings): TemplateResult {
  const { words, consent, content, fault } = model;
  const told = fault ? faultBox(fault) : nothing;
  if (!consent || !content) return html`${told}`;
  const mayGive = statusOf(model) !== "abandoned";
  return html`<section aria-labelledby="research">
      <h2 id="research" tabindex="-1">${inline(content.consent.title)}</h2>
      <p role="status">${words(consent.research ? "widget.consent_given" : "widget.consent_not_given")}</p>
      ${consent.research || !mayGive ? nothing : notice(content.consent.text)}
      ${consent.research || mayGive
        ? html`<button type="button" class="quiet" @click=${() => doings.setConsent(!consent.research)}>
            ${words(consent.research ? "widget.consent_withdraw" : "widget.consent_give")}
          </button>`
        : nothing}
    </section>
    ${told}`;
}
