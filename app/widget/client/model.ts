/** All that the parent's chat has in mind while it is open. Only the token outlives a reload. */
import type { Connection } from "../../realtime/client/connection.js";
import type { Fault, Words } from "../../realtime/client/words.js";
import type { Content, Language } from "./content.js";

export interface Session {
  readonly conversation: string;
  readonly token: string;
}

export interface Service {
  readonly open: boolean;
  readonly nextOpening: string | null;
}

export interface Consent {
  readonly research: boolean;
}

export interface Model {
  language: Language;
  words: Words;
  content: Content | null;
  service: Service | null;
  /** The page asked for before a conversation: the start, or coming back with a code. */
  page: "start" | "return";
  session: Session | null;
  connection: Connection | null;
  /** Kept until the server has answered, so that a second press starts nothing new. */
  startId: string | null;
  busy: boolean;
  fault: Fault | null;
  draft: string;
  /** The return code that was typed in, for a conversation that follows the one it opened. */
  followed: string | null;
  returnCode: string | null;
  consent: Consent | null;
  confirmingEnd: boolean;
  /** Whether the parent can see the chat: the tab is in front and the panel is open. */
  seen: boolean;
  readUpTo: number;
  neutral: string;
  /** The loader's end of the channel, where there is one. */
  port: MessagePort | null;
}

/** What a view may ask for. */
export interface Doings {
  readonly start: (form: HTMLFormElement) => void;
  readonly comeBack: (form: HTMLFormElement) => void;
  readonly goTo: (page: Model["page"]) => void;
  readonly speak: (language: Language) => void;
  readonly write: (text: string) => void;
  readonly send: () => void;
  readonly retry: (clientId: string) => void;
  readonly discard: (clientId: string) => void;
  readonly askEnd: (asking: boolean) => void;
  readonly end: () => void;
  readonly leaveMessage: () => void;
  readonly rejoin: () => void;
  readonly makeCode: () => void;
  readonly setConsent: (research: boolean) => void;
  readonly startAgain: () => void;
  readonly exit: (event: Event) => void;
}

const KEY = "earshot";

/** The session of this tab, as kept in the frame's own origin; null where there is none. */
export function kept(storage: Storage): Session | null {
  const text = storage.getItem(KEY);
  return text === null ? null : (JSON.parse(text) as Session);
}

export function keep(storage: Storage, session: Session | null): void {
  if (session) storage.setItem(KEY, JSON.stringify(session));
  else storage.removeItem(KEY);
}

const TAB = "earshot-tab";

/** An id that this tab keeps until it is left: by it nuisance can be kept out for a time, and nothing else. */
export function tabId(storage: Storage, make: () => string): string {
  const known = storage.getItem(TAB) ?? make();
  storage.setItem(TAB, known);
  return known;
}

export function forgetTab(storage: Storage): void {
  storage.removeItem(TAB);
}

/** The stream of this parent's conversation. */
export function streamOf(model: Model): string {
  return `conv:${model.session?.conversation ?? ""}`;
}

/** The first name of the coach, or nothing while there is none. */
export function coachOf(model: Model): string {
  return String(model.connection?.known().streams[streamOf(model)]?.state["coach"] ?? "");
}

/** The status of the conversation as far as it is known, or null. */
export function statusOf(model: Model): string | null {
  const status = model.connection?.known().streams[streamOf(model)]?.state["status"];
  return typeof status === "string" ? status : null;
}

/** Whether the service has shown who can help: something in the talk gave reason to. */
export function helpShown(model: Model): boolean {
  const events = model.connection?.known().streams[streamOf(model)]?.events ?? [];
  return events.some((event) => event.k === "help.shown");
}
