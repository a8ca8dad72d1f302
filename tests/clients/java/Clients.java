import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.Future;
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
}
