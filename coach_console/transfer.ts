/** Handing a conversation over to a colleague, or to whoever is free next. */
import { html, type TemplateResult } from "lit";
import type { Doings, Model } from "./model.js";

interface Colleague {
  readonly staff: string;
  readonly name: string;
}

export function transferView({ words, connection }: Model, doings: Doings, conversation: string): TemplateResult {
  const colleagues = (connection?.known().queue?.d["colleagues"] ?? []) as readonly Colleague[];
  const [to, note] = [`transfer-${conversation}`, `transfer-note-${conversation}`];
  const submit = (event: Event): void => {
    event.preventDefault();
    doings.transfer(conversation, event.currentTarget as HTMLFormElement);
  };
  return html`<section class="beside" aria-label=${words("console.transfer")}>
    <p class="hint">${words("console.transfer.hint")}</p>
    <form @submit=${submit}>
      <label for=${to}>${words("console.transfer.to")}</label>
      <select id=${to} name="staff">
        <option value="">${words("console.transfer.anybody")}</option>
        ${colleagues.map((one) => html`<option value=${one.staff}>${one.name}</option>`)}
      </select>
      <label for=${note}>${words("console.transfer.note")}</label>
      <textarea id=${note} name="note" rows="2"></textarea>
      <button type="submit">${words("console.transfer.yes")}</button>
    </form>
  </section>`;
}
