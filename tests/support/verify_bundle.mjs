// node verify_bundle.mjs MODULES PUBLIC-KEY < [[BUNDLE, FILE], …]: Sigstore's own verifier, offline. Prints, of each pair, "" where the
// file is what the key signed, else why not.
import { createPublicKey } from "node:crypto";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const [modules, key] = process.argv.slice(2);
const require = createRequire(`${modules}/`);
const { bundleFromJSON } = require("@sigstore/bundle");
const { toSignedEntity, toTrustMaterial, Verifier } = require("@sigstore/verify");

const nothing = { mediaType: "", tlogs: [], certificateAuthorities: [], ctlogs: [], timestampAuthorities: [] };
const known = { publicKey: createPublicKey(readFileSync(key)), validFor: () => true };
const offline = { tlogThreshold: 0, ctlogThreshold: 0, timestampThreshold: 0, tsaThreshold: 0 };
const verifier = new Verifier(toTrustMaterial(nothing, () => known), offline);

const said = JSON.parse(readFileSync(0, "utf8")).map(([bundle, file]) => {
  try {
    const parsed = bundleFromJSON(JSON.parse(readFileSync(bundle, "utf8")));
    verifier.verify(toSignedEntity(parsed, readFileSync(file)));
    return "";
  } catch (error) {
    return `${error.name}: ${error.message}`;
  }
});
console.log(JSON.stringify(said));
