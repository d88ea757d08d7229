/** What the charity wrote, as `/api/v1/content/{language}.json` gives it: as much as is shown to a parent. */
export type Language = "en" | "cy";

/** One language's version of a text; a safety notice whose Welsh is a draft comes in both. */
export interface Version {
  readonly language: Language;
  readonly text: string;
}

export type Versions = readonly Version[];

export interface Notice {
  readonly title: Versions;
  readonly text: Versions;
}

export interface Code {
  readonly id: string;
  readonly label: string;
  readonly parent?: string | null;
  readonly data?: boolean;
}

export type ChildFact = "age_band" | "stage" | "send" | "attendance" | "region";

export interface Content {
  readonly topics: readonly Code[];
  readonly child: Readonly<Record<ChildFact, readonly Code[]>>;
  readonly notices: Readonly<Record<"about" | "confidentiality" | "closed" | "ending" | "privacy" | "support", Notice>>;
  readonly consent: Notice & { readonly version: string; readonly label: Versions };
  readonly emergency: Notice & {
    readonly numbers: readonly {
      readonly id: string;
      readonly phone: string;
      readonly name: Versions;
      readonly what: Versions;
    }[];
  };
}
