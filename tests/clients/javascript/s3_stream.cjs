// Puts an object as a stream, which the AWS SDK for JavaScript sends in chunks with a checksum after them, and gets it.
const { S3 } = require("@aws-sdk/client-s3");
const { Readable } = require("node:stream");

async function main([bucket, key, chunks]) {
  const s3 = new S3({ maxAttempts: 1 });
  await s3.createBucket({ Bucket: bucket });
  const pieces = JSON.parse(chunks).map((piece) => Buffer.from(piece, "base64"));
  const ContentLength = pieces.reduce((length, piece) => length + piece.length, 0);
  await s3.putObject({ Bucket: bucket, Key: key, Body: Readable.from(pieces), ContentLength });
  const { Body, ChecksumCRC32 } = await s3.getObject({ Bucket: bucket, Key: key, ChecksumMode: "ENABLED" });
  return { bytes: await Body.transformToString("base64"), checksum: ChecksumCRC32 };
}

main(process.argv.slice(2)).then((seen) => console.log(JSON.stringify(seen)));
