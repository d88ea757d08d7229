/** Words of the interface in one language, by key, with the named gaps filled. */
export type Words = (key: string, gaps?: Readonly<Record<string, string | number>>) => string;

/** A key that the catalogue does not hold is shown as it is, so that it is noticed. */
export function wordsFrom(strings: Readonly<Record<string, string>>): Words {
  return (key, gaps = {}) => (strings[key] ?? key).replace(/\{(\w+)\}/g, (gap, name) => String(gaps[name] ?? gap));
}

/** What went wrong with something that was asked for, in words for the person who asked. */
export interface Fault {
  readonly message: string;
  readonly nextStep: string;
}

/** A refusal in the person's language: the server's own words where they are English. */
export function faultOf(refused: Fault & { readonly code: string }, words: Words, language: string): Fault {
  const { code, message, nextStep } = refused;
  if (language === "en" && message !== "") return { message, nextStep };
  return { message: words(`error.${code}`), nextStep: "" };
}

/** Characters as the server counts them: code points after NFC. */
export function characters(text: string): number {
  return [...text.normalize("NFC")].length;
}

/** By how much a text is too long, in words. */
export function tooLong(words: Words, count: number): string {
  return count === 1 ? words("widget.too_long_one") : words("widget.too_long", { count });
}
