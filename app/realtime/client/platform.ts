/** The browser's own socket, timers and chance for `connect`. */
import type { Platform, Socket } from "./connection.js";

export const browser: Platform = {
  open: (url, protocol) => new WebSocket(url, protocol) as Socket,
  fetch: (input, init) => fetch(input, init),
  now: () => Date.now(),
  after(ms, work) {
    const timer = setTimeout(work, ms);
    return () => clearTimeout(timer);
  },
  random: () => Math.random(),
  uuid,
};

/** A random UUID; `crypto.randomUUID` is missing where a site without TLS embeds the chat. */
function uuid(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

/** The socket's address on the server that the page came from. */
export function socketUrl(page: { readonly protocol: string; readonly host: string }): string {
  return `${page.protocol === "https:" ? "wss:" : "ws:"}//${page.host}/rt/v1`;
}
