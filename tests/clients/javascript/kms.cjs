// What client-kms of the AWS SDK for JavaScript sees. Calls: [operation, parameters]; bytes go in and out as base64.
const { KMS } = require("@aws-sdk/client-kms");

const BLOBS = new Set(["Plaintext", "CiphertextBlob", "Message", "Signature"]);
const open = (name, value) => (BLOBS.has(name) ? Buffer.from(value, "base64") : value);
const shut = (name, value) => (value instanceof Uint8Array ? Buffer.from(value).toString("base64") : value);

async function main([operation, parameters]) {
  const asked = Object.fromEntries(Object.entries(JSON.parse(parameters)).map(([name, value]) => [name, open(name, value)]));
  try {
    return await new KMS({ maxAttempts: 1 })[operation](asked);
  } catch (error) {
    return { error: error.name, message: error.message, status: error.$metadata?.httpStatusCode };
  }
}

main(process.argv.slice(2)).then((seen) => console.log(JSON.stringify(seen, shut)));
