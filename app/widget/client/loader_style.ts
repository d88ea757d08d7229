/** The looks of the button and the panel on a host page: a sheet of its own, which no policy of the site bars. */
const CSS = `
:host { all: initial; }
:host([hidden]) { display: none; }
* { box-sizing: border-box; font: 600 1rem/1.3 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }
[hidden] { display: none !important; }
button { min-height: 44px; padding: 10px 18px; border: 0; border-radius: 10px; cursor: pointer; }
button:focus-visible { outline: 3px solid #fff; outline-offset: 0; box-shadow: 0 0 0 6px #1c1714; }
.launcher, .exit { position: fixed; bottom: max(16px, env(safe-area-inset-bottom)); z-index: 2147483000;
  box-shadow: 0 4px 16px rgb(40 20 10 / 30%); }
.launcher { right: 16px; max-width: calc(100vw - 32px); min-height: 52px; border-radius: 26px;
  background: #0f5c5c; color: #fff; }
.launcher:hover { background: #0a4545; }
.exit { left: 16px; background: #a3241b; color: #fff; }
.exit:hover { background: #801a13; }
.panel { position: fixed; right: 16px; bottom: 16px; z-index: 2147483001; display: flex; flex-direction: column;
  width: min(420px, calc(100vw - 32px)); height: min(720px, calc(100dvh - 32px)); overflow: hidden;
  border-radius: 16px; background: #fff; box-shadow: 0 10px 40px rgb(40 20 10 / 35%); }
.bar { display: flex; align-items: center; justify-content: space-between; gap: 8px; padding: 4px 4px 4px 16px;
  background: #0f5c5c; color: #fff; }
.bar span { min-width: 0; overflow-wrap: anywhere; }
.hide { flex: none; padding-inline: 12px; background: transparent; color: #fff; text-decoration: underline; text-underline-offset: 3px; }
.hide:hover { background: #0a4545; }
iframe { flex: 1; width: 100%; min-height: 0; border: 0; }
.told { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
@media (max-width: 560px), (max-height: 520px) {
  .panel { inset: 0; width: 100%; height: 100%; border-radius: 0; }
}
@media (prefers-reduced-motion: no-preference) { .launcher { transition: background-color 150ms; } }
@media (forced-colors: active) { button { border: 2px solid; } .panel { border: 2px solid; } }
`;

/** One sheet, made when it is wanted. */
export function loaderSheet(): CSSStyleSheet {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(CSS);
  return sheet;
}
