/** The coach's console: state, what may be done, and one place where it is drawn. */
import { render } from "lit";
import type { WrapUpData } from "../app/realtime/client/frames.js";
import { connect, Refused, type Request } from "../app/realtime/client/connection.js";
import { ask } from "../app/realtime/client/http.js";
import { browser, socketUrl } from "../app/realtime/client/platform.js";
import { messages, unread } from "../app/realtime/client/transcript.js";
import { characters, type Fault, faultOf, wordsFrom } from "../app/realtime/client/words.js";
import { careDoings } from "./care_doings.js";
import { deskView } from "./desk.js";
import { begunIn, type Content, type Doings, mine, type Model, offers, type Staff } from "./model.js";
import { answerByKey, tellOffers } from "./offers.js";
import { queueDoings } from "./queue_doings.js";
import { firstView, passwordView, signInView } from "./sign_in.js";

const TYPING_EVERY_MS = 3000;
const REDRAW_MS = 3000;
const SECOND_MS = 1000;
const VIEWS = { sign_in: signInView, first: firstView, password: passwordView, desk: deskView };
const FIRST = "/console/first";

const root = document.getElementById("console") as HTMLElement;
const told = document.getElementById("told") as HTMLElement;

const model: Model = {
  language: document.documentElement.lang === "cy" ? "cy" : "en",
  words: wordsFrom({}),
  content: null,
  page: "sign_in",
  link: "",
  staff: null,
  csrf: "",
  connection: null,
  busy: false,
  fault: null,
  begun: new Map(),
  stuck: new Map(),
  known: new Map(),
  closed: null,
  consulted: new Map(),
  explained: new Map(),
  offeredAt: new Map(),
  toldAtRisk: new Set(),
  answered: new Set(),
};

let drawing = false;
let ready = false;
let shownPage = "";
let typedAt = 0;

function draw(): void {
  if (drawing || !ready) return;
  drawing = true;
  // A tab in the background paints nothing, but its title says how much is new.
  const soon = document.visibilityState === "visible" ? requestAnimationFrame : setTimeout;
  soon(() => {
    drawing = false;
    drawNow();
  });
}

function drawNow(): void {
  if (root.querySelector("noscript")) root.replaceChildren();
  const scrollers = [...document.querySelectorAll<HTMLElement>(".scroller")];
  const atEnd = new Set(scrollers.filter((one) => one.scrollHeight - one.scrollTop - one.clientHeight < 60));
  const chats = document.querySelectorAll(".chat").length;
  render(VIEWS[model.page](model, doings), root);
  for (const one of document.querySelectorAll<HTMLElement>(".scroller")) {
    if (atEnd.has(one) || !scrollers.includes(one)) one.scrollTop = one.scrollHeight;
  }
  if (model.page !== shownPage) {
    if (shownPage !== "") document.querySelector<HTMLElement>("h1")?.focus();
    shownPage = model.page;
  }
  const now = document.querySelectorAll<HTMLElement>(".chat");
  if (now.length > chats && chats > 0) now[now.length - 1]?.scrollIntoView({ block: "nearest", inline: "nearest" });
  noticeMessages();
}

/** A conversation counts as read while the coach is in its column; the others say how much is new. */
function noticeMessages(): void {
  const { connection, words } = model;
  let waiting = 0;
  const here = document.activeElement?.closest<HTMLElement>("[data-conversation]")?.dataset["conversation"];
  for (const { conversation } of connection && model.page === "desk" ? mine(model) : []) {
    const said = messages((connection as NonNullable<typeof connection>).known(), `conv:${conversation}`, "coach");
    const begun = begunIn(model, conversation);
    const last = said.findLast((one) => one.from === "parent")?.seq ?? 0;
    if (here === conversation && document.hasFocus() && last > begun.readUpTo) {
      begun.readUpTo = last;
      connection?.read(`conv:${conversation}`, last);
      draw();
    }
    waiting += unread(said, "parent", begun.readUpTo);
  }
  document.title = `${waiting > 0 ? `(${waiting}) ` : ""}${words(model.page === "sign_in" ? "console.sign_in" : "console.title")}`;
}

type Show = (fault: Fault | null) => void;

const showOnTop: Show = (fault) => {
  model.fault = fault;
};

let asked: Promise<void> = Promise.resolve();
const underWay = new Set<string>();

/**
 * Asks something of the server, after whatever was asked before; a refusal is shown where `show` says.
 * The same thing asked again before its answer is a double click, and asked once.
 */
async function attempt(what: string, work: () => Promise<void>, show: Show = showOnTop): Promise<void> {
  if (underWay.has(what)) return;
  underWay.add(what);
  const mine = asked.then(() => askNow(work, show)).finally(() => underWay.delete(what));
  asked = mine.catch(() => undefined);
  await mine;
}

async function askNow(work: () => Promise<void>, show: Show): Promise<void> {
  model.busy = true;
  model.fault = null; // an earlier refusal may be true no more
  show(null);
  draw();
  try {
    await work();
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    show(faultOf(error, model.words, model.language));
  } finally {
    model.busy = false;
    draw();
  }
}

function inChat(conversation: string, request: Request, done: () => void = () => undefined): void {
  const begun = begunIn(model, conversation);
  void attempt(
    `${request.t} ${conversation}`,
    async () => {
      await model.connection?.request(request);
      done();
    },
    (fault) => {
      begun.fault = fault;
    },
  );
}

async function learnLanguage(language: Model["language"]): Promise<void> {
  const [strings, content] = await Promise.all([
    ask(`/strings/${language}.json`),
    ask(`/api/v1/content/${language}.json`),
  ]);
  model.language = language;
  model.words = wordsFrom(strings as Record<string, string>);
  model.content = content as Content;
  document.documentElement.lang = language;
}

async function socketPass(): Promise<string | null> {
  try {
    const pass = await ask("/api/v1/staff/socket-pass", { method: "POST", csrf: model.csrf });
    return (pass as { token: string }).token;
  } catch (error) {
    if (error instanceof Refused && (error.code === "unauthorized" || error.code === "forbidden")) {
      signedOut();
      return null;
    }
    throw error;
  }
}

function enter(answer: unknown): void {
  const { staff, csrf } = answer as { staff: Staff; csrf: string };
  model.staff = staff;
  model.csrf = csrf;
  if (staff.role !== "coach" && staff.role !== "supervisor") return location.assign("/research");
  model.page = "desk";
  model.link = "";
  model.connection = connect({
    url: socketUrl(location),
    client: "console/1",
    token: socketPass,
    shown: () => ({ "x-csrf-token": model.csrf }),
    changed: lookAtLine,
    platform: browser,
  });
}

function lookAtLine(): void {
  tellOffers(model, told);
  if (model.connection?.line() === "stopped" && model.connection.stopCode() !== null) signedOut();
  draw();
}

function signedOut(): void {
  model.connection?.stop();
  model.connection = null;
  model.staff = null;
  model.csrf = "";
  model.begun.clear();
  model.page = "sign_in";
  draw();
}

/** The new password of a form that asks for it twice, or null after saying what is wrong with it. */
function agreed(data: FormData): string | null {
  const chosen = String(data.get("new") ?? "");
  if (chosen === String(data.get("again") ?? "")) return chosen;
  model.fault = { message: model.words("console.passwords_differ"), nextStep: "" };
  draw();
  return null;
}

const doings: Doings = {
  ...queueDoings(model, { attempt, draw, settle, told }),
  ...careDoings(model, attempt, told),
  signIn(form) {
    const data = new FormData(form);
    const body = { email: String(data.get("email") ?? "").trim(), password: String(data.get("password") ?? "") };
    void attempt("sign in", async () => enter(await ask("/api/v1/staff/sign-in", { method: "POST", body })));
  },
  firstSignIn(form) {
    const password = agreed(new FormData(form));
    if (password === null) return;
    const body = { token: model.link, password };
    void attempt("first sign-in", async () => enter(await ask("/api/v1/staff/first-sign-in", { method: "POST", body })));
  },
  changePassword(form) {
    const data = new FormData(form);
    const chosen = agreed(data);
    if (chosen === null) return;
    const body = { old: String(data.get("old") ?? ""), new: chosen };
    void attempt("change password", async () => {
      await ask("/api/v1/staff/password", { method: "POST", csrf: model.csrf, body });
      told.textContent = model.words("console.password_changed");
      model.page = "desk";
    });
  },
  signOut: () =>
    void attempt("sign out", async () => {
      await ask("/api/v1/staff/sign-out", { method: "POST", csrf: model.csrf });
      signedOut();
    }),
  goTo(page) {
    model.page = page;
    model.fault = null;
    draw();
  },
  speak: (language) => void attempt(`speak ${language}`, () => learnLanguage(language)),
  setAvailability(chosen) {
    const availability = chosen as "available" | "busy" | "on_break" | "offline";
    void attempt(`availability ${availability}`, async () => {
      await model.connection?.request({ t: "availability.set", d: { availability } });
    });
  },
  draw,
  write(conversation, text) {
    begunIn(model, conversation).draft = text;
    const now = Date.now();
    if (text !== "" && now - typedAt > TYPING_EVERY_MS) {
      typedAt = now;
      model.connection?.typing(`conv:${conversation}`);
    }
    draw();
  },
  send(conversation) {
    const begun = begunIn(model, conversation);
    const text = begun.draft.trim();
    if (!text || !model.connection || characters(text) > model.connection.known().limits.text) return;
    model.connection.post(`conv:${conversation}`, text);
    begun.draft = "";
    typedAt = 0;
    document.getElementById(`composer-${conversation}`)?.focus();
  },
  retry: (clientId) => model.connection?.retry(clientId),
  discard: (clientId) => model.connection?.discard(clientId),
  addNote(conversation) {
    const begun = begunIn(model, conversation);
    const text = begun.note.trim();
    if (!text) return;
    model.connection?.post(`staff:${conversation}`, text);
    begun.note = "";
  },
  raise(conversation, form) {
    const data = new FormData(form);
    const category = String(data.get("category")) as Extract<Request, { t: "concern.raise" }>["d"]["category"];
    const d = { conversation, category, note: String(data.get("note") ?? "").trim() };
    inChat(conversation, { t: "concern.raise", d }, () => {
      const begun = begunIn(model, conversation);
      begun.told = model.words("console.concern.raised", { category: model.words(`console.concern.${category}`) });
      begun.open = "";
      settleIn(conversation); // the form goes
    });
  },
  end: (conversation) =>
    inChat(conversation, { t: "conversation.end", d: { conversation } }, () => {
      begunIn(model, conversation).open = "";
      settleIn(conversation); // the question goes
    }),
  close(conversation) {
    const begun = begunIn(model, conversation);
    const [first, ...others] = begun.topics;
    if (!first || !begun.disposition) {
      const missing = first ? "console.wrap_up.disposition_missing" : "console.wrap_up.topic_missing";
      begun.fault = { message: model.words(missing), nextStep: "" };
      drawNow();
      document.querySelector(`[data-conversation="${conversation}"] .fault`)?.scrollIntoView();
      const field = document.getElementById(`wrap-up-${conversation}-${first ? "disposition" : "search"}`);
      return field?.focus({ preventScroll: true }); // it stands below, and is in sight
    }
    const d: WrapUpData = {
      conversation,
      topics: [first, ...others] as WrapUpData["topics"],
      disposition: begun.disposition,
      barriers: [...begun.barriers],
      service_gaps: [...begun.gaps],
    };
    inChat(conversation, { t: "wrap_up.submit", d }, () => {
      model.begun.delete(conversation);
      told.textContent = model.words("console.wrap_up.closed");
      document.querySelector<HTMLElement>("h1")?.focus();
    });
  },
  open(conversation, what) {
    begunIn(model, conversation).open = what;
    drawNow();
    document.querySelector(`[data-conversation="${conversation}"] .beside`)?.scrollIntoView({ block: "nearest" });
    if (what === "replies") document.getElementById(`replies-${conversation}`)?.focus();
  },
};

/** A conversation that was just taken gets the cursor as soon as its column is there. */
function settle(conversation: string, tries = 20): void {
  const composer = document.getElementById(`composer-${conversation}`);
  if (composer) return composer.focus();
  if (tries > 0) setTimeout(() => settle(conversation, tries - 1), 100);
}

/** The cursor stays in a conversation though what it stood in goes. */
function settleIn(conversation: string): void {
  document.querySelector<HTMLElement>(`[data-conversation="${conversation}"]`)?.focus({ preventScroll: true });
}

document.addEventListener("keydown", (event) => model.page === "desk" && answerByKey(model, doings, event));
document.addEventListener("keydown", (event) => {
  if (!event.altKey || !/^Digit[1-9]$/.test(event.code)) return;
  const chat = document.querySelectorAll<HTMLElement>(".chat")[Number(event.code.slice(5)) - 1];
  if (!chat) return;
  event.preventDefault();
  (chat.querySelector<HTMLElement>("textarea, select, input") ?? chat).focus();
});
document.addEventListener("focusin", draw);
document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && model.connection?.wake());
window.addEventListener("online", () => model.connection?.wake());
window.addEventListener("focus", draw);
// Waiting times grow and "is writing" fades without a frame.
setInterval(() => model.connection && draw(), REDRAW_MS);
setInterval(() => offers(model).length > 0 && draw(), SECOND_MS);

async function begin(): Promise<void> {
  if (location.pathname === FIRST && location.hash.length > 1) {
    model.link = location.hash.slice(1);
    model.page = "first";
    history.replaceState(null, "", "/console"); // the token must not stay in the address bar or the history
  }
  try {
    await learnLanguage(model.language);
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    document.getElementById("failed")?.removeAttribute("hidden");
    return;
  }
  ready = true;
  if (model.page !== "first" && "returning" in document.body.dataset) {
    try {
      enter(await ask("/api/v1/staff/me"));
    } catch (error) {
      if (!(error instanceof Refused)) throw error; // the session has ended since
    }
  }
  drawNow();
}

void begin();
