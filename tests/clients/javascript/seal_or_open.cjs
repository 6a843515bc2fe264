// Seals or opens with the AWS Encryption SDK for JavaScript: seal|open, the key's ARN, the text or the message as base64.
const { buildClient, CommitmentPolicy, KmsKeyringNode } = require("@aws-crypto/client-node");

const { encrypt, decrypt } = buildClient(CommitmentPolicy.REQUIRE_ENCRYPT_REQUIRE_DECRYPT);

async function main([what, key, given, context]) {
  if (what === "seal") {
    const keyring = new KmsKeyringNode({ generatorKeyId: key });
    const { result } = await encrypt(keyring, Buffer.from(given, "base64"), { encryptionContext: JSON.parse(context) });
    return { bytes: result.toString("base64") };
  }
  try {
    const { plaintext, messageHeader } = await decrypt(new KmsKeyringNode({ keyIds: [key] }), Buffer.from(given, "base64"));
    return { bytes: plaintext.toString("base64"), context: messageHeader.encryptionContext };
  } catch (error) {
    return { error: error.message };
  }
}

main(process.argv.slice(2)).then((seen) => console.log(JSON.stringify(seen)));
