/** The browser's own socket, timers and chance for `connect`. */
import type { Platform, Socket } from "./connection.js";

export const browser: Platform = {
  open: (url, protocol) => new WebSocket(url, protocol) as Socket,
  now: () => Date.now(),
  after(ms, work) {
    const timer = setTimeout(work, ms);
    return () => clearTimeout(timer);
  },
  random: () => Math.random(),
  uuid: () => crypto.randomUUID(),
};

/** The socket's address on the server that the page came from. */
export function socketUrl(page: { readonly protocol: string; readonly host: string }): string {
  return `${page.protocol === "https:" ? "wss:" : "ws:"}//${page.host}/rt/v1`;
}
