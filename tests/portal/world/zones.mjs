// What a portal's address tells: its zone, its language, its OAuth server.

/** Zones of the cloud whose portals use the eastern OAuth server. */
const EASTERN = ["ru", "by", "kz", "uz", "am", "az", "ge", "kg"];

const LANGUAGES = {
  ru: "ru",
  by: "ru",
  kz: "ru",
  uz: "ru",
  de: "de",
  fr: "fr",
  it: "it",
  pl: "pl",
  es: "la",
  mx: "la",
  ua: "ua",
  "com.br": "br",
  "com.tr": "tr",
  cn: "sc",
  jp: "ja",
};

export const OAUTH_HOSTS = ["oauth.bitrix.info", "oauth.bitrix24.tech"];

/** `com` of `example.bitrix24.com`; `undefined` for a portal on a company's own server. */
export const zoneOf = (domain) => /\.bitrix24\.([a-z.]+)$/.exec(domain)?.[1];

/** The interface language that a portal starts with. */
export const languageOf = (domain) => LANGUAGES[zoneOf(domain)] ?? "en";

/** The host of the OAuth server that mints a portal's tokens. */
export const oauthHostOf = (domain) => (EASTERN.includes(zoneOf(domain)) ? OAUTH_HOSTS[1] : OAUTH_HOSTS[0]);
