/* Written by generate.mjs from docs/protocol/schema.json; change app/realtime/frames.py instead. */

export type Frames = ClientFrame | ServerFrame;
export type ClientFrame =
  | Hello
  | Pong
  | Sync
  | MessagePost
  | Typing
  | Read
  | MessageLeave
  | QueueRejoin
  | ConversationEnd
  | ConversationTransfer
  | ConversationWarn
  | ConversationBlock
  | BlockReview
  | QueueClaim
  | QueueNext
  | QueueAssign
  | SwitchboardSet
  | OfferAccept
  | OfferDecline
  | AvailabilitySet
  | NoteAdd
  | ConsultAsk
  | ConsultWhisper
  | ConcernRaise
  | ConcernStep
  | WrapUpSubmit;
export type ServerFrame = Welcome | Ev | Batch | Snapshot | State | Eph | Ok | Err | Ping;

/**
 * The first frame of every socket. The token is a parent's, or a staff member's one-use socket pass.
 */
export interface Hello {
  t: "hello";
  id: string;
  d: HelloData;
}
export interface HelloData {
  token: string;
  client: string;
  conn: string;
  cursors?: {
    [k: string]: Cursor;
  };
}
/**
 * How far a client has a stream: the epoch it knows and the last `seq` it holds.
 */
export interface Cursor {
  epoch: string;
  seq: number;
}
/**
 * The answer to `ping`; any other frame serves as well.
 */
export interface Pong {
  t: "pong";
}
/**
 * Ask for what came after `seq`; answered by batches, then `ok`.
 *
 *     Another epoch than the stream's is refused as `stale_epoch`; a `seq` past the head closes with 4003.
 */
export interface Sync {
  t: "sync";
  id: string;
  s: string;
  d: SyncData;
}
export interface SyncData {
  epoch: string;
  seq: number;
}
/**
 * Say something. Send it again with the same `client_message_id` until an `ok` comes.
 */
export interface MessagePost {
  t: "message.post";
  id: string;
  s: string;
  d: MessagePostData;
}
export interface MessagePostData {
  client_message_id: string;
  body: string;
}
/**
 * The sender is writing; what they write is never sent before they send it.
 */
export interface Typing {
  t: "typing";
  s: string;
}
/**
 * The sender has seen everything up to this `seq`.
 */
export interface Read {
  t: "read";
  s: string;
  d: ReadData;
}
export interface ReadData {
  up_to: number;
}
/**
 * Wait no longer at the screen: what you wrote is answered later, and read with your return code.
 */
export interface MessageLeave {
  t: "message.leave";
  id: string;
  d: ConversationData;
}
export interface ConversationData {
  conversation: string;
}
/**
 * Wait at the screen again after a message was left; refused while the service is closed.
 */
export interface QueueRejoin {
  t: "queue.rejoin";
  id: string;
  d: ConversationData;
}
/**
 * End the conversation, from either side; for a parent who still waits, leave the queue.
 */
export interface ConversationEnd {
  t: "conversation.end";
  id: string;
  d: ConversationData;
}
/**
 * Hand your conversation over: it leads the queue, and a colleague who is named is asked first.
 *
 *     The note, sealed like every other, waits in the `staff` stream for whoever takes it.
 */
export interface ConversationTransfer {
  t: "conversation.transfer";
  id: string;
  d: TransferData;
}
export interface TransferData {
  conversation: string;
  client_message_id: string;
  note?: string;
  staff?: string | null;
}
/**
 * Ask the parent to write with respect; they see it in the chat.
 */
export interface ConversationWarn {
  t: "conversation.warn";
  id: string;
  d: ConversationData;
}
/**
 * End a conversation after a warning and block its session for a day; never where there is a risk.
 */
export interface ConversationBlock {
  t: "conversation.block";
  id: string;
  d: BlockData;
}
export interface BlockData {
  conversation: string;
  reason: "abusive" | "prank" | "sexual" | "threats";
}
/**
 * Uphold a block that somebody else made, or lift it; unreviewed, it lapses after a day.
 */
export interface BlockReview {
  t: "block.review";
  id: string;
  d: BlockReviewData;
}
export interface BlockReviewData {
  block: string;
  uphold: boolean;
}
/**
 * Take this waiting conversation, also out of turn, as far as `may_pick` of `queue` allows it.
 */
export interface QueueClaim {
  t: "queue.claim";
  id: string;
  d: ConversationData;
}
/**
 * Take whoever is next for you: who is offered to you, else who has waited longest.
 */
export interface QueueNext {
  t: "queue.next";
  id: string;
}
/**
 * Give this waiting conversation to this coach, by hand.
 */
export interface QueueAssign {
  t: "queue.assign";
  id: string;
  d: QueueAssignData;
}
export interface QueueAssignData {
  conversation: string;
  staff: string;
}
/**
 * Take the whole queue, or give it back: meanwhile only you say who goes to whom.
 */
export interface SwitchboardSet {
  t: "switchboard.set";
  id: string;
  d: SwitchboardData;
}
export interface SwitchboardData {
  on: boolean;
}
/**
 * Take the parent who is offered to you; the offer stands in the state of `me`.
 */
export interface OfferAccept {
  t: "offer.accept";
  id: string;
  d: OfferData;
}
export interface OfferData {
  offer: string;
}
/**
 * Let the next coach be asked. Nobody holds it against you.
 */
export interface OfferDecline {
  t: "offer.decline";
  id: string;
  d: OfferData;
}
/**
 * Say whether you can take a new conversation.
 */
export interface AvailabilitySet {
  t: "availability.set";
  id: string;
  d: AvailabilityData;
}
export interface AvailabilityData {
  availability: "available" | "busy" | "offline" | "on_break";
}
/**
 * Write a note that only staff of this conversation see.
 */
export interface NoteAdd {
  t: "note.add";
  id: string;
  d: NoteData;
}
export interface NoteData {
  conversation: string;
  client_message_id: string;
  body: string;
}
/**
 * Ask the supervisors about a conversation that is yours. The answer comes on its `staff` stream.
 */
export interface ConsultAsk {
  t: "consult.ask";
  id: string;
  d: NoteData;
}
/**
 * Say something to the coach who holds this conversation, asked or unasked. The parent never sees it.
 */
export interface ConsultWhisper {
  t: "consult.whisper";
  id: string;
  d: NoteData;
}
/**
 * Say that somebody may not be safe.
 */
export interface ConcernRaise {
  t: "concern.raise";
  id: string;
  d: ConcernRaiseData;
}
export interface ConcernRaiseData {
  conversation: string;
  category:
    | "abuse_neglect"
    | "domestic_abuse"
    | "harm_to_baby"
    | "harm_to_others"
    | "missing_child"
    | "sexual_abuse"
    | "suicide_self_harm";
  note?: string;
}
/**
 * A supervisor takes a concern one step further.
 *
 *     A decision is complete or refused: `note` is its reason, `second` the colleague it was talked through
 *     with (one of `seconds` on the board `me`), `shared` what was shared with whom, `parent_told` what the
 *     parent was told. `references` may stay empty. No other step has these.
 */
export interface ConcernStep {
  t: "concern.step";
  id: string;
  d: ConcernStepData;
}
export interface ConcernStepData {
  concern: string;
  state: "acknowledged" | "assessed" | "closed" | "decided";
  note?: string;
  second?: string | null;
  shared?: string;
  parent_told?: string;
  references?: string;
}
/**
 * Say what an ended conversation was about, main topic first; this closes it.
 */
export interface WrapUpSubmit {
  t: "wrap_up.submit";
  id: string;
  d: WrapUpData;
}
export interface WrapUpData {
  conversation: string;
  /**
   * @minItems 1
   * @maxItems 3
   */
  topics: [string] | [string, string] | [string, string, string];
  disposition: string;
  /**
   * @maxItems 30
   */
  barriers?: string[];
  /**
   * @maxItems 30
   */
  service_gaps?: string[];
}
export interface Welcome {
  t: "welcome";
  re: string;
  d: WelcomeData;
}
export interface WelcomeData {
  role: "coach" | "parent" | "supervisor";
  ping_s: number;
  pong_s: number;
  max_frame: number;
  max_text: number;
  streams: {
    [k: string]: StreamState;
  };
}
/**
 * Where a stream stands at `welcome`; `recovered` false means that a snapshot follows.
 */
export interface StreamState {
  epoch: string;
  head: number;
  recovered: boolean;
}
/**
 * One durable event, live. `seq` runs without gaps in each stream and epoch.
 */
export interface Ev {
  t: "ev";
  s: string;
  epoch: string;
  seq: number;
  k:
    | "concern.raised"
    | "concern.stepped"
    | "consult.asked"
    | "consult.whispered"
    | "conversation.abandoned"
    | "conversation.assigned"
    | "conversation.closed"
    | "conversation.ended"
    | "conversation.handed_over"
    | "conversation.paused"
    | "conversation.resumed"
    | "conversation.tagged"
    | "conversation.warned"
    | "help.shown"
    | "message.left"
    | "message.posted"
    | "note.added"
    | "queue.closing"
    | "queue.entered"
    | "queue.rejoined"
    | "risk.flagged";
  at: string;
  gen: number;
  d: {
    [k: string]: unknown;
  };
}
/**
 * What a client missed, oldest first, at most 100 events a frame.
 */
export interface Batch {
  t: "batch";
  s: string;
  epoch: string;
  d: BatchData;
}
export interface BatchData {
  events: EventBody[];
  more: boolean;
}
/**
 * One durable event as it stands inside a batch or a snapshot.
 */
export interface EventBody {
  seq: number;
  k:
    | "concern.raised"
    | "concern.stepped"
    | "consult.asked"
    | "consult.whispered"
    | "conversation.abandoned"
    | "conversation.assigned"
    | "conversation.closed"
    | "conversation.ended"
    | "conversation.handed_over"
    | "conversation.paused"
    | "conversation.resumed"
    | "conversation.tagged"
    | "conversation.warned"
    | "help.shown"
    | "message.left"
    | "message.posted"
    | "note.added"
    | "queue.closing"
    | "queue.entered"
    | "queue.rejoined"
    | "risk.flagged";
  at: string;
  gen: number;
  d: {
    [k: string]: unknown;
  };
}
/**
 * A stream whole, from one transaction: its state, and its events up to `seq`. Replaces what was held.
 */
export interface Snapshot {
  t: "snapshot";
  s: string;
  epoch: string;
  d: SnapshotData;
}
export interface SnapshotData {
  seq: number;
  state: {
    [k: string]: unknown;
  };
  events: EventBody[];
  more: boolean;
}
/**
 * The whole of `me` or `queue`; replaces the one before. `version` only grows while a socket lives.
 */
export interface State {
  t: "state";
  s: string;
  version: number;
  d: {
    [k: string]: unknown;
  };
}
/**
 * Something that is true now and is not kept: typing, presence, a read cursor, a place in the queue.
 */
export interface Eph {
  t: "eph";
  s: string;
  k: "presence" | "queue.position" | "read" | "typing";
  d: {
    [k: string]: unknown;
  };
}
/**
 * The request was carried out, and what it wrote is durable.
 */
export interface Ok {
  t: "ok";
  re: string;
  d: {
    [k: string]: unknown;
  };
}
/**
 * The request was not carried out: why, and what to do next. `re` is absent when none could be read.
 */
export interface Err {
  t: "err";
  re: string | null;
  d: ErrData;
}
export interface ErrData {
  code:
    | "already_claimed"
    | "at_capacity"
    | "bad_request"
    | "blocked"
    | "conversation_closed"
    | "forbidden"
    | "idempotency_conflict"
    | "internal"
    | "not_assignee"
    | "not_found"
    | "rate_limited"
    | "stale_epoch"
    | "too_large"
    | "unauthorized";
  message: string;
  next_step: string;
  retryable: boolean;
  retry_ms?: number | null;
}
/**
 * A heartbeat, with the head of each of the client's streams: whoever holds less asks `sync`.
 */
export interface Ping {
  t: "ping";
  d: PingData;
}
export interface PingData {
  heads: {
    [k: string]: number;
  };
}
