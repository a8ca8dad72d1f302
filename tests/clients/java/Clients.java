import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.TreeMap;
import java.util.concurrent.Future;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.ListConsumerGroupOffsetsOptions;
import org.apache.kafka.clients.admin.ListConsumerGroupOffsetsResult;
import org.apache.kafka.clients.admin.ListConsumerGroupOffsetsSpec;
import org.apache.kafka.clients.consumer.ConsumerGroupMetadata;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.ProducerFencedException;

/** Apache Kafka's own producer and consumer, as programs of one word and their arguments; each says what it sees, a line at a time. */
public class Clients {
    public static void main(String[] args) throws Exception {
        switch (args[0]) {
            case "transactions" -> transactions(args[1]);
            case "hang" -> hang(args[1], args[2], args[3], Integer.parseInt(args[4]));
            case "consume" -> consume(args);
            case "copy" -> copy(args[1]);
            case "durations" -> durations(args[1]);
            case "offsets" -> offsets(args[1]);
            default -> throw new IllegalArgumentException(args[0]);
        }
        System.out.println("DONE");
        System.exit(0);
    }

    private static KafkaProducer<String, String> producer(String servers, String id, int timeoutMs) {
        Properties p = new Properties();
        p.put("bootstrap.servers", servers);
        p.put("key.serializer", "org.apache.kafka.common.serialization.StringSerializer");
        p.put("value.serializer", "org.apache.kafka.common.serialization.StringSerializer");
        if (id != null) {
            p.put("transactional.id", id);
            p.put("transaction.timeout.ms", Integer.toString(timeoutMs));
        }
        return new KafkaProducer<>(p);
    }

    private static KafkaConsumer<String, String> consumer(String servers, String group, String... more) {
        Properties p = new Properties();
        p.put("bootstrap.servers", servers);
        p.put("group.id", group);
        p.put("auto.offset.reset", "earliest");
        p.put("key.deserializer", "org.apache.kafka.common.serialization.StringDeserializer");
        p.put("value.deserializer", "org.apache.kafka.common.serialization.StringDeserializer");
        for (String pair : more) {
            String[] halves = pair.split("=", 2);
            p.put(halves[0], halves[1]);
        }
        return new KafkaConsumer<>(p);
    }

    /** One transaction is committed, one aborted, and a second producer of the same id fences the first. */
    private static void transactions(String servers) throws Exception {
        KafkaProducer<String, String> first = producer(servers, "txn", 60_000);
        first.initTransactions();
        for (int round = 0; round < 4; round++) {
            first.beginTransaction();
            for (int i = 0; i < 10; i++) {
                Future<RecordMetadata> sent = first.send(new ProducerRecord<>("orders", "k" + i, round + "-" + i));
                sent.get();
            }
            if (round % 2 == 0) first.commitTransaction(); else first.abortTransaction();
        }
        first.beginTransaction();
        first.abortTransaction();
        first.beginTransaction();
        first.commitTransaction();
        KafkaProducer<String, String> second = producer(servers, "txn", 60_000);
        first.beginTransaction();
        first.send(new ProducerRecord<>("orders", "k", "zombie")).get();
        second.initTransactions();
        try {
            first.send(new ProducerRecord<>("orders", "k", "zombie"));
            first.commitTransaction();
            System.out.println("NOT FENCED");
        } catch (ProducerFencedException fenced) {
            System.out.println("FENCED " + fenced.getClass().getSimpleName());
        } catch (org.apache.kafka.common.KafkaException other) {
            System.out.println("FENCED " + other.getClass().getSimpleName());
        }
        second.beginTransaction();
        second.send(new ProducerRecord<>("orders", "k", "second")).get();
        second.commitTransaction();
        second.close();
    }

    /** A transaction that stays open until somebody ends this process. */
    private static void hang(String servers, String id, String topic, int timeoutMs) throws Exception {
        KafkaProducer<String, String> producer = producer(servers, id, timeoutMs);
        producer.initTransactions();
        producer.beginTransaction();
        producer.send(new ProducerRecord<>(topic, 0, "k", "open")).get();
        System.out.println("OPEN");
        Thread.sleep(600_000);
    }

    /** consume SERVERS GROUP TOPIC RECORDS [config=value ...]: reads so many records and says each; then waits when `stay` is among them. */
    private static void consume(String[] args) {
        int wanted = Integer.parseInt(args[4]);
        String[] more = java.util.Arrays.copyOfRange(args, 5, args.length);
        KafkaConsumer<String, String> consumer = consumer(args[1], args[2], more);
        ConsumerRebalanceListener told = new ConsumerRebalanceListener() {
            @Override public void onPartitionsAssigned(java.util.Collection<TopicPartition> parts) { System.out.println("ASSIGNED " + names(parts)); }
            @Override public void onPartitionsRevoked(java.util.Collection<TopicPartition> parts) { System.out.println("REVOKED " + names(parts)); }
        };
        consumer.subscribe(List.of(args[3]), told);
        int read = 0;
        long end = System.currentTimeMillis() + 60_000;
        while ((wanted < 0 || read < wanted) && (wanted < 0 || System.currentTimeMillis() < end)) {
            ConsumerRecords<String, String> records = consumer.poll(Duration.ofMillis(200));
            for (ConsumerRecord<String, String> record : records) {
                read++;
                System.out.println("REC " + record.partition() + " " + record.offset() + " " + record.value());
            }
        }
        consumer.close();
    }

    private static String names(java.util.Collection<TopicPartition> parts) {
        return String.join(" ", parts.stream().map(p -> Integer.toString(p.partition())).sorted().toList());
    }

    /** Reads `orders`, writes `copies` with the offsets in the transaction, until nothing comes any more. */
    private static void copy(String servers) throws Exception {
        KafkaProducer<String, String> producer = producer(servers, "copy", 60_000);
        producer.initTransactions();
        KafkaConsumer<String, String> consumer = consumer(servers, "copiers", "enable.auto.commit=false", "isolation.level=read_committed",
            "group.protocol=consumer");
        consumer.subscribe(List.of("orders"));
        int copied = 0;
        for (long last = System.currentTimeMillis(); copied == 0 || System.currentTimeMillis() - last < 1_500; ) {
            ConsumerRecords<String, String> records = consumer.poll(Duration.ofMillis(200));
            if (records.isEmpty()) continue;
            last = System.currentTimeMillis();
            producer.beginTransaction();
            Map<TopicPartition, OffsetAndMetadata> offsets = new HashMap<>();
            for (ConsumerRecord<String, String> record : records) {
                producer.send(new ProducerRecord<>("copies", record.key(), record.value()));
                offsets.put(new TopicPartition(record.topic(), record.partition()), new OffsetAndMetadata(record.offset() + 1));
                copied++;
            }
            producer.sendOffsetsToTransaction(offsets, consumer.groupMetadata());
            producer.commitTransaction();
        }
        System.out.println("COPIED " + copied);
        consumer.close();
        producer.close();
    }

    /** Where consumers that have committed nothing begin: by how far back they are to read, among records of known times. */
    private static void durations(String servers) throws Exception {
        TopicPartition aged = new TopicPartition("aged", 0);
        try (KafkaProducer<String, String> producer = producer(servers, null, 0)) {
            long now = System.currentTimeMillis();
            for (int minutes : new int[] {240, 180, 120, 60, 30}) {
                producer.send(new ProducerRecord<>("aged", 0, now - minutes * 60_000L, "k", minutes + "m")).get();
            }
        }
        for (String protocol : List.of("classic", "consumer")) {
            for (String reset : List.of("PT45M", "PT2H30M", "P1D", "P30000D", "PT0S", "-PT1H", "nonsense", "")) {
                String begins;
                String[] configs = {"enable.auto.commit=false", "group.protocol=" + protocol, "auto.offset.reset=by_duration:" + reset};
                try (KafkaConsumer<String, String> consumer = consumer(servers, "aged", configs)) {
                    consumer.assign(List.of(aged));
                    begins = "at " + consumer.position(aged, Duration.ofSeconds(4));
                } catch (Exception error) {
                    begins = "never: " + error.getClass().getSimpleName() + " " + error.getMessage();
                }
                System.out.println("BEGINS " + protocol + " " + reset + " " + begins);
            }
        }
    }

    /** The committed offsets of several groups in one call: some, all, of a group that is not there, and of a transaction that is open. */
    private static void offsets(String servers) throws Exception {
        TopicPartition aged = new TopicPartition("aged", 0);
        TopicPartition lone = new TopicPartition("lone", 0);
        TopicPartition gone = new TopicPartition("aged", 7);
        commit(servers, "many-1", Map.of(aged, new OffsetAndMetadata(3, Optional.of(0), "note"), lone, new OffsetAndMetadata(1)));
        commit(servers, "many-2", Map.of(aged, new OffsetAndMetadata(2)));
        commit(servers, "many-3", Map.of(aged, new OffsetAndMetadata(1), lone, new OffsetAndMetadata(0)));
        ListConsumerGroupOffsetsSpec all = new ListConsumerGroupOffsetsSpec();
        ListConsumerGroupOffsetsSpec some = new ListConsumerGroupOffsetsSpec().topicPartitions(List.of(aged, lone, gone));
        Map<String, ListConsumerGroupOffsetsSpec> groups = Map.of("many-1", all, "many-2", some, "many-3", all, "many-0", all, "many-9", some);
        try (Admin admin = Admin.create(Map.of("bootstrap.servers", servers));
                KafkaProducer<String, String> producer = producer(servers, "many", 60_000)) {
            producer.initTransactions();
            producer.beginTransaction();
            producer.sendOffsetsToTransaction(Map.of(aged, new OffsetAndMetadata(5)), new ConsumerGroupMetadata("many-3"));
            list(admin, "open", groups, false);
            list(admin, "open, stable", groups, true);
            producer.abortTransaction();
            settled(admin, "many-3", aged);
            list(admin, "aborted, stable", Map.of("many-3", some), true);
            producer.beginTransaction();
            OffsetAndMetadata offset = new OffsetAndMetadata(5, Optional.of(0), "txn");
            producer.sendOffsetsToTransaction(Map.of(aged, offset), new ConsumerGroupMetadata("many-3"));
            producer.commitTransaction();
            settled(admin, "many-3", aged);
            list(admin, "committed, stable", Map.of("many-3", some), true);
            list(admin, "without a name", Map.of("", all), false);
            list(admin, "none of them", Map.of("many-1", new ListConsumerGroupOffsetsSpec().topicPartitions(List.of())), false);
        }
    }

    private static void commit(String servers, String group, Map<TopicPartition, OffsetAndMetadata> offsets) {
        try (KafkaConsumer<String, String> consumer = consumer(servers, group, "enable.auto.commit=false")) {
            consumer.assign(offsets.keySet());
            consumer.commitSync(offsets);
        }
    }

    /** Waits for the marker of a transaction that is decided. */
    private static void settled(Admin admin, String group, TopicPartition at) throws Exception {
        ListConsumerGroupOffsetsOptions stable = new ListConsumerGroupOffsetsOptions().requireStable(true);
        while (!admin.listConsumerGroupOffsets(group, stable).partitionsToOffsetAndMetadata().get().containsKey(at)) Thread.sleep(50);
    }

    private static void list(Admin admin, String when, Map<String, ListConsumerGroupOffsetsSpec> groups, boolean stable) throws Exception {
        ListConsumerGroupOffsetsOptions options = new ListConsumerGroupOffsetsOptions().requireStable(stable).timeoutMs(5_000);
        ListConsumerGroupOffsetsResult result = admin.listConsumerGroupOffsets(groups, options);
        for (String group : groups.keySet()) {
            String told;
            try {
                Map<String, String> found = new TreeMap<>();
                result.partitionsToOffsetAndMetadata(group).get().forEach((at, offset) -> found.put(at.toString(), offset == null ? "none"
                    : offset.offset() + " epoch " + offset.leaderEpoch().map(Object::toString).orElse("none") + " '" + offset.metadata() + "'"));
                told = found.toString();
            } catch (java.util.concurrent.ExecutionException error) {
                told = error.getCause().getClass().getSimpleName() + " " + error.getCause().getMessage();
            }
            System.out.println("OFFSETS " + when + ": " + group + " " + told);
        }
    }
}
