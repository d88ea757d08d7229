/** The parent's chat inside the iframe: state, what may be done, and one place where it is drawn. */
import { html, render } from "lit";
import { connect, Refused } from "../../realtime/client/connection.js";
import { ask } from "../../realtime/client/http.js";
import { browser, socketUrl } from "../../realtime/client/platform.js";
import { messages, unread } from "../../realtime/client/transcript.js";
import { characters, type Fault, faultOf, wordsFrom } from "../../realtime/client/words.js";
import type { Content, Language } from "./content.js";
import { blank, NEUTRAL, shiftKey, watchShift } from "./exit.js";
import { coachOf, type Doings, forgetTab, helpShown, keep, kept, type Model, type Session, statusOf, streamOf, tabId } from "./model.js";
import { messageLeft } from "./message.js";
import { header } from "./parts.js";
import { codeFault, QUESTIONS, returnView, startView } from "./start.js";
import { conversationView } from "./talk.js";

const TYPING_EVERY_MS = 3000;
const REDRAW_MS = 2000;

const root = document.getElementById("chat") as HTMLElement;
const told = document.getElementById("told") as HTMLElement;
const sites = (document.body.dataset["sites"] ?? "").split(" ").filter(Boolean);

const model: Model = {
  language: document.documentElement.lang === "cy" ? "cy" : "en",
  words: wordsFrom({}),
  content: null,
  service: null,
  page: "start",
  session: kept(sessionStorage),
  connection: null,
  startId: null,
  busy: false,
  fault: null,
  draft: "",
  followed: null,
  returnCode: null,
  consent: null,
  confirmingEnd: false,
  seen: true,
  readUpTo: 0,
  neutral: NEUTRAL,
  port: null,
};

let ready = false;
let drawing = false;
let shownView = "";
let shownMessages = 0;
let shownUnread = 0;
let shownHelp = false;
let typedAt = 0;

function draw(): void {
  if (drawing || !ready) return;
  drawing = true;
  // Out of sight no frame is ever painted, but the loader must still hear of new messages.
  const soon = model.seen ? requestAnimationFrame : setTimeout;
  soon(() => {
    drawing = false;
    drawNow();
  });
}

function drawNow(): void {
  const view = model.session ? conversationView : model.page === "return" ? returnView : startView;
  const scroller = document.querySelector(".scroller");
  const atEnd = !scroller || scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight < 80;
  if (root.querySelector("noscript")) root.replaceChildren();
  render(html`${header(model, doings)} ${view(model, doings)}`, root);
  afterDrawing(atEnd);
}

/** Moves the focus to a new view's heading, keeps the newest message in sight, tells what was seen. */
function afterDrawing(atEnd: boolean): void {
  const status = statusOf(model);
  const current = model.session ? `talk ${status}` : model.page;
  const heading = document.querySelector<HTMLElement>("h1");
  document.title = heading ? `${heading.textContent ?? ""} – ${model.words("widget.title")}` : document.title;
  if (current !== shownView) {
    const writes = current === "talk open" && shownView === "talk waiting";
    if (shownView !== "" && !writes) heading?.focus();
    // Whoever is writing keeps the cursor, and hears that the coach is there.
    if (writes) told.textContent = model.words("widget.coach_joined", { name: coachOf(model) });
    shownView = current;
  }
  if (model.confirmingEnd && !document.querySelector(".confirm")?.contains(document.activeElement)) {
    document.getElementById("confirm-yes")?.focus();
  }
  noticeMessages(atEnd);
  // Whoever cannot see the numbers hears that they are there.
  if (helpShown(model) && !shownHelp) told.textContent = document.querySelector(".support")?.textContent ?? "";
  shownHelp = helpShown(model);
}

function noticeMessages(atEnd: boolean): void {
  const { connection } = model;
  if (!connection) return;
  const name = streamOf(model);
  const said = messages(connection.known(), name, "parent");
  const justKept = shownMessages === 0 && messageLeft(model); // what becomes of it stands above it
  if (said.length !== shownMessages && atEnd && !justKept) {
    const log = document.querySelector(".messages");
    log?.lastElementChild?.scrollIntoView({ block: "nearest" });
    const scroller = document.querySelector(".scroller");
    const more = document.querySelector<HTMLDetailsElement>(".more");
    if (scroller && !more?.open) scroller.scrollTop = scroller.scrollHeight;
  }
  shownMessages = said.length;
  const last = said.findLast((one) => one.from !== "parent" && one.seq > 0)?.seq ?? 0;
  if (model.seen && last > model.readUpTo && connection.line() === "open") {
    model.readUpTo = last;
    connection.read(name, last);
  }
  const count = unread(said, "coach", model.readUpTo);
  if (count !== shownUnread) {
    shownUnread = count;
    model.port?.postMessage({ k: "unread", value: count });
  }
}

/** Runs something that is asked of the server; what goes wrong is told in words. */
async function attempt(work: () => Promise<void>): Promise<void> {
  if (model.busy) return;
  model.busy = true;
  model.fault = null;
  draw();
  try {
    await work();
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    model.fault = faultOf(error, model.words, model.language);
  } finally {
    model.busy = false;
    draw();
  }
}

async function learnLanguage(language: Language): Promise<void> {
  const [strings, content, service] = await Promise.all([
    ask(`/strings/${language}.json`),
    ask(`/api/v1/content/${language}.json`),
    ask(`/api/v1/service?language=${language}`),
  ]);
  const { open, next_opening } = service as { open: boolean; next_opening: string | null };
  model.language = language;
  model.words = wordsFrom(strings as Record<string, string>);
  model.content = content as Content;
  model.service = { open, nextOpening: next_opening };
  document.documentElement.lang = language;
  model.port?.postMessage({ k: "language", value: language });
}

function enter(session: Session): void {
  model.session = session;
  model.startId = null;
  model.readUpTo = 0;
  keep(sessionStorage, session);
  model.connection = connect({
    url: socketUrl(location),
    client: "widget/1",
    token: () => Promise.resolve(model.session?.token ?? null),
    shown: () => ({ authorization: `Bearer ${session.token}` }),
    changed: draw,
    platform: browser,
  });
  void learnConsent(session);
}

async function learnConsent({ conversation, token }: Session): Promise<void> {
  try {
    const told = (await ask(`/api/v1/conversations/${conversation}/consent`, { token })) as { research: boolean };
    model.consent = { research: told.research };
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    model.consent = null; // the choice is not offered until it is known what it stands at
  }
  draw();
}

function forget(): void {
  keep(sessionStorage, null);
  model.connection?.stop();
  model.connection = null;
  model.session = null;
  model.returnCode = null;
  model.consent = null;
  model.confirmingEnd = false;
  model.draft = "";
}

function leave(): void {
  forget();
  forgetTab(sessionStorage);
  blank(document);
}

/** The questions that were answered. */
function answers(data: FormData): Record<string, string> {
  const said = Object.keys(QUESTIONS).map((name) => [name, String(data.get(name) ?? "")]);
  return Object.fromEntries(said.filter(([, value]) => value !== "")) as Record<string, string>;
}

const doings: Doings = {
  start(form) {
    const { content } = model;
    const first = model.draft.trim();
    if (!content || characters(first) > 4000) return document.getElementById("first")?.focus();
    const leaves = model.service?.open === false;
    if (leaves && !first) {
      model.fault = { message: model.words("widget.message_missing"), nextStep: "" };
      drawNow();
      return document.getElementById("first")?.focus();
    }
    const data = new FormData(form);
    const consents = data.get("research_consent") !== null;
    model.startId ??= browser.uuid();
    const start_id = model.startId;
    void attempt(async () => {
      const body = {
        start_id,
        session: tabId(sessionStorage, browser.uuid),
        language: String(data.get("language") ?? model.language),
        ...(first ? { first_message: first } : {}),
        ...(leaves ? { leave_message: true } : {}),
        ...answers(data),
        research_consent: consents,
        ...(consents ? { consent_version: content.consent.version } : {}),
        ...(model.followed ? { return_code: model.followed, same_coach: data.get("same_coach") !== null } : {}),
      };
      const made = (await ask("/api/v1/conversations", { method: "POST", body })) as Session;
      model.draft = "";
      enter({ conversation: made.conversation, token: made.token });
    });
  },
  comeBack(form) {
    const code = String(new FormData(form).get("code") ?? "").trim().toLowerCase();
    const stop = (fault: Fault): void => {
      model.fault = fault;
      drawNow();
      document.getElementById("code")?.focus();
    };
    if (!code) return stop(codeFault(null, model.words, model.language));
    void attempt(async () => {
      try {
        const found = (await ask("/api/v1/return", { method: "POST", body: { code } })) as Session;
        model.followed = code;
        enter({ conversation: found.conversation, token: found.token });
      } catch (error) {
        if (!(error instanceof Refused)) throw error;
        stop(codeFault(error, model.words, model.language));
      }
    });
  },
  goTo(page) {
    model.page = page;
    model.fault = null;
    draw();
  },
  speak: (language) => void attempt(() => learnLanguage(language)),
  write(text) {
    model.draft = text;
    if (!model.session) model.fault = null; // it asked for words, and here they are
    const now = Date.now();
    if (model.session && text !== "" && now - typedAt > TYPING_EVERY_MS) {
      typedAt = now;
      model.connection?.typing(streamOf(model));
    }
    draw();
  },
  send() {
    const text = model.draft.trim();
    const limit = model.connection?.known().limits.text ?? 4000;
    if (!text || characters(text) > limit || !model.connection) return;
    model.connection.post(streamOf(model), text);
    model.draft = "";
    typedAt = 0;
    document.getElementById("composer")?.focus();
  },
  retry: (clientId) => model.connection?.retry(clientId),
  discard: (clientId) => model.connection?.discard(clientId),
  askEnd(asking) {
    model.confirmingEnd = asking;
    model.fault = null;
    drawNow();
    if (!asking) document.querySelector<HTMLElement>(".talk-head button")?.focus();
  },
  end: () =>
    void attempt(async () => {
      const { connection, session } = model;
      if (!connection || !session) return;
      await connection.request({ t: "conversation.end", d: { conversation: session.conversation } });
      model.confirmingEnd = false;
    }),
  leaveMessage: () =>
    void attempt(async () => {
      const { connection, session } = model;
      if (!connection || !session) return;
      await connection.request({ t: "message.leave", d: { conversation: session.conversation } });
      drawNow();
      document.querySelector(".scroller")?.scrollTo(0, 0); // what becomes of it stands above it
      document.querySelector<HTMLElement>("h1")?.focus();
    }),
  rejoin: () =>
    void attempt(async () => {
      const { connection, session } = model;
      if (!connection || !session) return;
      await connection.request({ t: "queue.rejoin", d: { conversation: session.conversation } });
      drawNow();
      document.querySelector<HTMLElement>("h1")?.focus();
    }),
  makeCode: () =>
    void attempt(async () => {
      const { session } = model;
      if (!session) return;
      const path = `/api/v1/conversations/${session.conversation}/return-code`;
      const { code } = (await ask(path, { method: "POST", token: session.token })) as { code: string };
      model.returnCode = code;
      if (model.followed) model.followed = code; // the one that was typed in has just been replaced
    }),
  setConsent: (research) =>
    void attempt(async () => {
      const { session, content } = model;
      if (!session || !content) return;
      const body = research ? { research, consent_version: content.consent.version } : { research };
      const path = `/api/v1/conversations/${session.conversation}/consent`;
      const told = (await ask(path, { method: "PUT", token: session.token, body })) as { research: boolean };
      model.consent = { research: told.research };
      drawNow();
      if (document.activeElement === document.body) document.getElementById("research")?.focus(); // its button went
    }),
  startAgain() {
    forget();
    model.page = "start";
    void attempt(() => learnLanguage(model.language));
  },
  exit(event) {
    event.preventDefault();
    leave();
    if (model.port) model.port.postMessage({ k: "exit" });
    else location.replace(model.neutral);
  },
};

/** The loader's hello: taken only from our own parent window, and only from a site that may embed us. */
function meet(event: MessageEvent): void {
  const { k, exit } = (event.data ?? {}) as { k?: unknown; exit?: unknown };
  const [port] = event.ports;
  if (k !== "earshot" || !port || model.port || event.source !== window.parent) return;
  if (event.origin !== location.origin && !sites.includes(event.origin)) return;
  if (typeof exit === "string" && exit.startsWith("https://")) model.neutral = exit;
  model.port = port;
  port.onmessage = ({ data }: MessageEvent) => {
    const said = (data as { k?: unknown }).k;
    if (said === "exit") {
      leave();
      port.postMessage({ k: "gone" });
    }
    if (said === "shown" || said === "hidden") {
      shown = said === "shown";
      look();
      drawNow();
    }
  };
  draw();
}

let shown = true;
function look(): void {
  model.seen = shown && document.visibilityState === "visible";
  if (model.seen) model.connection?.wake();
  draw();
}

window.addEventListener("message", meet);
window.addEventListener("online", () => model.connection?.wake());
document.addEventListener("visibilitychange", look);
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && !model.confirmingEnd) model.port?.postMessage({ k: "hide" });
});
watchShift(document, {
  counted: (left) => (told.textContent = model.words(shiftKey(left))),
  exit: () => doings.exit(new Event("exit")),
});
// What fades by itself (somebody writing) needs a look now and then.
setInterval(() => model.connection && document.visibilityState === "visible" && draw(), REDRAW_MS);

async function begin(): Promise<void> {
  try {
    await learnLanguage(model.language);
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    document.getElementById("failed")?.removeAttribute("hidden");
    return;
  }
  ready = true;
  if (model.session) enter(model.session);
  drawNow();
}

void begin();
