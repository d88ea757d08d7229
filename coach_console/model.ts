/** All that the console has in mind. Nothing of it is kept when the page goes. */
import type { Connection } from "../app/realtime/client/connection.js";
import type { Fault, Words } from "../app/realtime/client/words.js";

export interface Staff {
  readonly id: string;
  readonly name: string;
  readonly role: string;
}

export interface Code {
  readonly id: string;
  readonly label: string;
  readonly parent?: string | null;
  readonly synonyms?: readonly string[];
}

export interface Reply {
  readonly id: string;
  readonly title: string;
  readonly body: string;
}

/** The part of `/api/v1/content/{language}.json` that a coach works with. */
export interface Content {
  readonly topics: readonly Code[];
  readonly child: Readonly<Record<string, readonly Code[]>>;
  readonly wrap_up: Readonly<Record<"barrier" | "disposition" | "service_gap", readonly Code[]>>;
  readonly ready_replies: readonly Reply[];
}

/** What a coach has begun in one conversation and not sent. */
export interface Begun {
  draft: string;
  note: string;
  search: string;
  topicSearch: string;
  topics: string[];
  barriers: Set<string>;
  gaps: Set<string>;
  disposition: string;
  /** Which of the things beside the chat is open. */
  open: "" | "replies" | "notes" | "consult" | "concern" | "transfer" | "end" | "about" | "nuisance";
  told: string;
  fault: Fault | null;
  readUpTo: number;
}

export interface Model {
  language: "en" | "cy";
  words: Words;
  content: Content | null;
  page: "sign_in" | "first" | "password" | "desk";
  /** The token of a one-time link, taken out of the address bar. */
  link: string;
  staff: Staff | null;
  csrf: string;
  connection: Connection | null;
  busy: boolean;
  fault: Fault | null;
  begun: Map<string, Begun>;
  /** Why a concern could not be taken further, beside the form that asked. */
  stuck: Map<string, Fault>;
  /** What a supervisor has read about a concern: its steps with their notes. */
  known: Map<string, readonly StepTaken[]>;
  /** Closed concerns that a supervisor has looked up, newest first; null until then. */
  closed: readonly ClosedConcern[] | null;
  /** What was asked and answered beside a conversation, as a supervisor has read it. */
  consulted: Map<string, readonly Consulted[]>;
  /** Decisions about a conversation that a supervisor asked about. */
  explained: Map<string, readonly Explained[]>;
  /** When this page first saw an offer: its own clock may differ from the server's. */
  offeredAt: Map<string, number>;
  /** Offers that were told as of somebody who may be at risk. */
  toldAtRisk: Set<string>;
  /** Offers that were answered here, so that nobody is told that they have gone. */
  answered: Set<string>;
}

export interface Consulted {
  readonly kind: string;
  readonly by: string;
  readonly at: string;
  readonly body: string;
}

export interface Explained {
  readonly headline: string;
  readonly lines: readonly string[];
  readonly same: boolean | null;
}

export interface ClosedConcern {
  readonly id: string;
  readonly category: string;
  readonly closed_at: string;
}

export interface StepTaken {
  readonly state: string;
  readonly by: string;
  readonly at: string;
  readonly note: string;
  readonly second: string;
  readonly shared: string;
  readonly parent_told: string;
  readonly references: string;
}

export interface Doings {
  readonly signIn: (form: HTMLFormElement) => void;
  readonly firstSignIn: (form: HTMLFormElement) => void;
  readonly changePassword: (form: HTMLFormElement) => void;
  readonly signOut: () => void;
  readonly goTo: (page: Model["page"]) => void;
  readonly speak: (language: Model["language"]) => void;
  readonly setAvailability: (availability: string) => void;
  readonly takeNext: () => void;
  readonly take: (conversation: string) => void;
  readonly accept: (offer: string, conversation: string) => void;
  readonly decline: (offer: string) => void;
  readonly give: (conversation: string, form: HTMLFormElement) => void;
  readonly switchboard: (on: boolean) => void;
  readonly explain: (conversation: string) => void;
  readonly draw: () => void;
  readonly write: (conversation: string, text: string) => void;
  readonly send: (conversation: string) => void;
  readonly retry: (clientId: string) => void;
  readonly discard: (clientId: string) => void;
  readonly addNote: (conversation: string) => void;
  readonly raise: (conversation: string, form: HTMLFormElement) => void;
  readonly step: (concern: { readonly id: string; readonly category: string }, form: HTMLFormElement, state: ConcernStep) => void;
  readonly consult: (conversation: string, form: HTMLFormElement, verb: "consult.ask" | "consult.whisper") => void;
  readonly readConsult: (conversation: string) => void;
  readonly readConcern: (concern: string) => void;
  /** Looks up the closed concerns, or the next of them. */
  readonly lookUpClosed: () => void;
  readonly end: (conversation: string) => void;
  readonly warn: (conversation: string) => void;
  readonly block: (conversation: string, form: HTMLFormElement) => void;
  readonly review: (block: string, uphold: boolean) => void;
  readonly transfer: (conversation: string, form: HTMLFormElement) => void;
  readonly close: (conversation: string) => void;
  readonly open: (conversation: string, what: Begun["open"]) => void;
}

export type ConcernStep = "acknowledged" | "assessed" | "decided" | "closed";

export interface Mine {
  readonly conversation: string;
  readonly status: string;
  readonly since: string;
}

/** A parent who is offered to this coach. */
export interface Offer {
  readonly offer: string;
  readonly conversation: string;
  readonly since: string;
  readonly topic: string | null;
  readonly language: string;
  readonly age_band: string | null;
  readonly priority: number;
  readonly message: boolean;
  readonly expires_at: string;
  readonly seconds: number;
}

/** What is offered to this coach now. */
export function offers(model: Model): readonly Offer[] {
  const all = model.connection?.known().me?.d["offers"];
  return Array.isArray(all) ? (all as Offer[]) : [];
}

/** This coach's conversations, in the order in which they were taken. */
export function mine(model: Model): readonly Mine[] {
  const all = model.connection?.known().me?.d["conversations"];
  return Array.isArray(all) ? (all as Mine[]) : [];
}

/** What was begun in a conversation; a place for it is made at the first look. */
export function begunIn(model: Model, conversation: string): Begun {
  const found = model.begun.get(conversation);
  if (found) return found;
  const made: Begun = {
    draft: "",
    note: "",
    search: "",
    topicSearch: "",
    topics: [],
    barriers: new Set(),
    gaps: new Set(),
    disposition: "",
    open: "",
    told: "",
    fault: null,
    readUpTo: 0,
  };
  model.begun.set(conversation, made);
  return made;
}

/** The label of a code, or the code itself where the codebook no longer has it. */
export function labelOf(codes: readonly Code[] | undefined, id: unknown): string {
  return codes?.find((code) => code.id === id)?.label ?? String(id ?? "");
}

/** Whole minutes since then. */
export function minutesSince(iso: string): number {
  return Math.max(0, Math.floor((Date.now() - Date.parse(iso)) / 60_000));
}
