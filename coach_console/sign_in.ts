/** Getting in: sign in, first sign-in by a one-time link, a new password. */
import { html, nothing, type TemplateResult } from "lit";
import type { Fault } from "../app/realtime/client/words.js";
import type { Doings, Model } from "./model.js";

export function faultBox(fault: Fault | null): TemplateResult | typeof nothing {
  if (!fault) return nothing;
  return html`<div class="fault" role="alert">
    <p><strong>${fault.message}</strong></p>
    ${fault.nextStep ? html`<p>${fault.nextStep}</p>` : nothing}
  </div>`;
}

function submitted(act: (form: HTMLFormElement) => void): (event: SubmitEvent) => void {
  return (event) => {
    event.preventDefault();
    act(event.currentTarget as HTMLFormElement);
  };
}

function password(label: string, name: string, autocomplete: "current-password" | "new-password"): TemplateResult {
  return html`<div class="field">
    <label for=${name}>${label}</label>
    <input id=${name} name=${name} type="password" autocomplete=${autocomplete} required />
  </div>`;
}

export function languageButton({ language }: Model, doings: Doings): TemplateResult {
  const other = language === "en" ? "cy" : "en";
  return html`<button type="button" class="quiet" lang=${other} @click=${() => doings.speak(other)}>
    ${other === "cy" ? "Cymraeg" : "English"}
  </button>`;
}

export function signInView(model: Model, doings: Doings): TemplateResult {
  const { words, fault, busy } = model;
  return html`<main id="main" class="page">
    ${languageButton(model, doings)}
    <h1 tabindex="-1">${words("console.sign_in")}</h1>
    <form @submit=${submitted(doings.signIn)}>
      <div class="field">
        <label for="email">${words("console.email")}</label>
        <input id="email" name="email" type="email" autocomplete="username" required />
      </div>
      ${password(words("console.password"), "password", "current-password")} ${faultBox(fault)}
      <button type="submit" class="main" aria-disabled=${String(busy)}>${words("console.sign_in")}</button>
    </form>
  </main>`;
}

export function firstView(model: Model, doings: Doings): TemplateResult {
  const { words, fault, busy } = model;
  return html`<main id="main" class="page">
    ${languageButton(model, doings)}
    <h1 tabindex="-1">${words("console.first_sign_in")}</h1>
    <p>${words("console.first_sign_in_hint")}</p>
    <form @submit=${submitted(doings.firstSignIn)}>
      ${password(words("console.new_password"), "new", "new-password")}
      ${password(words("console.repeat_password"), "again", "new-password")} ${faultBox(fault)}
      <button type="submit" class="main" aria-disabled=${String(busy)}>${words("common.save")}</button>
    </form>
  </main>`;
}

export function passwordView(model: Model, doings: Doings): TemplateResult {
  const { words, fault, busy } = model;
  return html`<main id="main" class="page">
    <h1 tabindex="-1">${words("console.change_password")}</h1>
    <form @submit=${submitted(doings.changePassword)}>
      ${password(words("console.current_password"), "old", "current-password")}
      ${password(words("console.new_password"), "new", "new-password")}
      ${password(words("console.repeat_password"), "again", "new-password")} ${faultBox(fault)}
      <button type="submit" class="main" aria-disabled=${String(busy)}>${words("common.save")}</button>
      <button type="button" class="quiet" @click=${() => doings.goTo("desk")}>${words("common.back")}</button>
    </form>
  </main>`;
}
