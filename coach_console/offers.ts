/** A parent who is offered to this coach: told once, counted down, and answered by a key or a button. */
import { html, nothing, type TemplateResult } from "lit";
import { labelOf, type Doings, minutesSince, type Model, type Offer, offers } from "./model.js";

const LANGUAGES: Readonly<Record<string, string>> = { en: "English", cy: "Cymraeg" };

/** What is known about a waiting parent, in a few words. */
export function factsOf(
  { words, content }: Model,
  one: { readonly topic: string | null; readonly age_band: string | null; readonly language: string },
): string {
  return [
    one.topic ? labelOf(content?.topics, one.topic) : words("console.queue.no_topic"),
    one.age_band ? labelOf(content?.child["age_band"], one.age_band) : "",
    LANGUAGES[one.language] ?? one.language,
  ]
    .filter(Boolean)
    .join(", ");
}

/** Whole seconds until the offer ends, counted from when this page first saw it. */
export function secondsLeft(model: Model, one: Offer, now: number): number {
  const since = model.offeredAt.get(one.offer) ?? now;
  model.offeredAt.set(one.offer, since);
  return Math.max(0, Math.ceil(one.seconds - (now - since) / 1000));
}

export function offersView(model: Model, doings: Doings): TemplateResult | typeof nothing {
  const all = offers(model);
  if (all.length === 0) return nothing;
  return html`${all.map((one) => offerView(model, doings, one))}`;
}

function offerView(model: Model, doings: Doings, one: Offer): TemplateResult {
  const { words } = model;
  const id = `offer-${one.offer}`;
  const left = secondsLeft(model, one, Date.now());
  return html`
    <section class="offer ${one.priority > 0 ? "risk" : ""}" aria-labelledby=${id}>
      <h2 id=${id}>${words("console.offer")}</h2>
      <p>
        ${one.priority > 0 ? html`<strong class="flag">${words("console.queue.high_risk")}</strong> ` : nothing}
        ${one.message ? html`<strong>${words("console.queue.message")}.</strong> ` : nothing} ${factsOf(model, one)}.
        <span class="waited">${words("console.queue.waiting_since", { minutes: minutesSince(one.since) })}</span>
      </p>
      <p class="left" aria-hidden="true">${words("console.offer.left", { seconds: left })}</p>
      <div class="answers">
        <button type="button" class="main" @click=${() => doings.accept(one.offer, one.conversation)}>
          ${words("console.offer.accept")} <kbd>Alt+A</kbd>
        </button>
        <button type="button" @click=${() => doings.decline(one.offer)}>
          ${words("console.offer.decline")} <kbd>Alt+X</kbd>
        </button>
      </div>
    </section>
  `;
}

/** Each offer is told once, and again where the risk check speaks up after that; one that went without an answer is told to have gone. */
export function tellOffers(model: Model, told: HTMLElement): void {
  const standing = offers(model);
  for (const one of standing) {
    const nowAtRisk = one.priority > 0 && !model.toldAtRisk.has(one.offer);
    if (model.offeredAt.has(one.offer) && !nowAtRisk) continue;
    if (nowAtRisk) model.toldAtRisk.add(one.offer);
    const facts = [
      one.priority > 0 ? model.words("console.queue.high_risk") : "",
      one.message ? model.words("console.queue.message") : "",
      factsOf(model, one),
    ];
    told.textContent = model.words("console.offer.told", {
      facts: facts.filter(Boolean).join(", "),
      seconds: secondsLeft(model, one, Date.now()),
    });
  }
  for (const known of [...model.offeredAt.keys()]) {
    if (standing.some((one) => one.offer === known)) continue;
    model.offeredAt.delete(known);
    model.toldAtRisk.delete(known);
    if (!model.answered.delete(known)) told.textContent = model.words("console.offer.gone");
  }
}

/** Alt+A accepts the offer that stands, Alt+X lets the next coach be asked. */
export function answerByKey(model: Model, doings: Doings, event: KeyboardEvent): void {
  const [offer] = offers(model);
  if (!event.altKey || !offer || (event.code !== "KeyA" && event.code !== "KeyX")) return;
  event.preventDefault();
  if (event.code === "KeyA") doings.accept(offer.offer, offer.conversation);
  else doings.decline(offer.offer);
}
