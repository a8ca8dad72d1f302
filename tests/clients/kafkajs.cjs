// kafkajs against the broker of the first argument; the last line that it prints says what it saw.
const { Kafka, logLevel, ConfigResourceTypes } = require("kafkajs");

async function main(address, count) {
  const kafka = new Kafka({ clientId: "js", brokers: [address], logLevel: logLevel.NOTHING });
  const admin = kafka.admin();
  await admin.connect();
  const topic = { topic: "orders", numPartitions: 2, replicationFactor: 1 };
  await admin.createTopics({ topics: [topic], waitForLeaders: true });
  const twice = await admin.createTopics({ topics: [{ ...topic }] }).then((made) => (made ? "made" : "TOPIC_ALREADY_EXISTS"), (error) => error.type);
  const resource = (name, value) => ({ resources: [{ type: ConfigResourceTypes.TOPIC, name: "orders", configEntries: [{ name, value }] }] });
  await admin.alterConfigs({ validateOnly: false, ...resource("retention.ms", "7777777") });
  const refused = await admin.alterConfigs({ validateOnly: false, ...resource("segment.bytes", "1") }).then(() => "taken", (error) => error.message);
  const described = await admin.describeConfigs({
    includeSynonyms: true,
    resources: [{ type: ConfigResourceTypes.TOPIC, name: "orders", configNames: ["retention.ms"] }],
  });
  const producer = kafka.producer({ idempotent: true });
  await producer.connect();
  const messages = Array.from({ length: count }, (_, n) => ({ key: `k${n}`, value: `${n}` }));
  await producer.send({ topic: "orders", messages });
  const consumer = kafka.consumer({ groupId: "billing" });
  await consumer.connect();
  await consumer.subscribe({ topics: ["orders"], fromBeginning: true });
  const seen = new Set();
  await new Promise((resolve, reject) => {
    consumer.run({
      eachMessage: async ({ message }) => {
        seen.add(message.value.toString());
        if (seen.size === count) resolve();
      },
    }).catch(reject);
  });
  await consumer.disconnect(); // commits
  const offsets = await admin.fetchOffsets({ groupId: "billing", topics: ["orders"] });
  const committed = offsets[0].partitions.reduce((sum, { offset }) => sum + Math.max(0, Number(offset)), 0);
  const cluster = await admin.describeCluster();
  await producer.disconnect();
  await admin.disconnect();
  const retention = described.resources[0].configEntries[0].configValue;
  console.log(JSON.stringify({ read: seen.size, committed, retention, brokers: cluster.brokers.length, twice, refused }));
}

main(process.argv[2], Number(process.argv[3])).catch((error) => {
  console.error(error);
  process.exit(1);
});
