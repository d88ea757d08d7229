/**
 * What a charity's site loads: `<script async src="https://…/embed.js"></script>`. It offers a button; nothing
 * is stored or connected before the parent opens the chat, which then lives in an iframe on our own origin,
 * because scripts of the host page can read every key that is pressed in its own document.
 *
 * The site may call `earshot("open")` or `earshot("language", "cy")` before this file has arrived:
 * `window.earshot = window.earshot || function () { (earshot.q = earshot.q || []).push(arguments) }`.
 */
import { blank, NEUTRAL, shiftKey, watchShift } from "./exit.js";
import { loaderSheet } from "./loader_style.js";

/** The catalogue's `loader.` strings by language, handed in by the server around this file. */
declare const EARSHOT_STRINGS: Readonly<Record<string, Readonly<Record<string, string>>>>;

type Call = readonly [name: string, value?: string];
type Api = ((...call: Call) => void) & { q?: ArrayLike<unknown>[] };

const LEAVE_MS = 80;
const script = document.currentScript as HTMLScriptElement | null;
const host = window as unknown as { earshot?: Api; earshotReady?: boolean };

function load(source: string, chosen: string | undefined, neutral: string): void {
  const origin = new URL(source).origin;
  let language = chosen ?? (document.documentElement.lang.startsWith("cy") ? "cy" : "en");
  let port: MessagePort | null = null;
  let frame: HTMLIFrameElement | null = null;

  const root = document.createElement("div");
  root.id = "earshot";
  const shadow = root.attachShadow({ mode: "open" });
  shadow.adoptedStyleSheets = [loaderSheet()];
  const launcher = button("launcher");
  const exitButton = button("exit");
  const hideButton = button("hide");
  const panel = document.createElement("div");
  panel.className = "panel";
  panel.id = "panel";
  panel.hidden = true;
  panel.setAttribute("role", "dialog");
  const bar = document.createElement("div");
  bar.className = "bar";
  const title = document.createElement("span");
  const status = document.createElement("div");
  status.className = "told";
  status.setAttribute("role", "status");
  bar.append(title, hideButton);
  panel.append(bar);
  exitButton.hidden = true;
  launcher.setAttribute("aria-controls", "panel");
  launcher.setAttribute("aria-haspopup", "dialog");
  shadow.append(exitButton, launcher, panel, status);

  const say = (key: string): string => (EARSHOT_STRINGS[language] ?? {})[key] ?? key;

  function speak(unread = 0): void {
    root.lang = language;
    launcher.textContent = unread > 0 ? say("loader.unread").replace("{count}", String(unread)) : say("loader.open");
    launcher.setAttribute("aria-expanded", String(!panel.hidden));
    launcher.hidden = !panel.hidden;
    exitButton.textContent = say("loader.exit");
    exitButton.setAttribute("aria-description", say("loader.exit_hint"));
    hideButton.textContent = say("loader.hide");
    title.textContent = say("loader.title");
    panel.setAttribute("aria-label", say("loader.title"));
    if (frame) frame.title = say("loader.title");
  }

  function open(): void {
    panel.hidden = false;
    exitButton.hidden = false;
    frame ??= connected();
    port?.postMessage({ k: "shown" });
    speak();
    frame.focus();
  }

  function hide(): void {
    panel.hidden = true;
    port?.postMessage({ k: "hidden" });
    speak();
    launcher.focus();
  }

  function connected(): HTMLIFrameElement {
    const made = document.createElement("iframe");
    made.src = `${origin}/embed?lang=${language}`;
    made.referrerPolicy = "no-referrer";
    made.allow = "clipboard-write";
    made.addEventListener("load", () => {
      const channel = new MessageChannel();
      port = channel.port1;
      port.onmessage = (event) => heard(event.data as { k?: unknown; value?: unknown });
      made.contentWindow?.postMessage({ k: "earshot", exit: neutral }, origin, [channel.port2]);
    });
    panel.append(made);
    return made;
  }

  function heard({ k, value }: { k?: unknown; value?: unknown }): void {
    if (k === "exit") leave();
    if (k === "hide") hide();
    if (k === "unread" && panel.hidden) speak(Number(value) || 0);
    if (k === "language" && (value === "en" || value === "cy")) {
      language = value;
      speak();
    }
  }

  function leave(): void {
    const go = (): void => {
      clearTimeout(waiting); // leaving twice would bring back whoever has gone on from there
      location.replace(neutral);
    };
    port?.postMessage({ k: "exit" });
    if (port) port.onmessage = go; // the frame says when it has forgotten the chat
    root.hidden = true;
    blank(document, root); // the frame stays, unseen, for as long as it needs to forget
    const waiting = setTimeout(go, port ? LEAVE_MS : 0);
  }

  launcher.addEventListener("click", open);
  hideButton.addEventListener("click", hide);
  exitButton.addEventListener("click", leave);
  watchShift(document, {
    counted: (left) => (status.textContent = say(shiftKey(left))),
    exit: leave,
  });
  speak();
  document.body.append(root);

  const api: Api = (name, value) => {
    if (name === "open") open();
    if (name === "hide") hide();
    if (name === "language" && (value === "en" || value === "cy")) heard({ k: "language", value });
  };
  const queued = host.earshot?.q ?? [];
  host.earshot = api;
  for (const call of queued) api(...(Array.from(call) as unknown as Call));
}

function button(name: string): HTMLButtonElement {
  const made = document.createElement("button");
  made.type = "button";
  made.className = name;
  return made;
}

if (script && !host.earshotReady) {
  host.earshotReady = true;
  const { src } = script;
  const { lang, exit } = script.dataset;
  const begin = (): void => load(src, lang, exit ?? NEUTRAL);
  if (document.body) begin();
  else document.addEventListener("DOMContentLoaded", begin);
}
