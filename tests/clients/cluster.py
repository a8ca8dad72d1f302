"""Three brokers that are killed, lose power and come back, while confluent-kafka produces to them.

TIDEPOOL_CLUSTER_SECONDS is how long (20), TIDEPOOL_CLUSTER_SEED which order of faults (1).
"""

import os
import random
import socket
import subprocess
import threading
import time

from run import BIN, Failed, Process, check, until

CONFIG = [
    "default.replication.factor=3", "min.insync.replicas=2", "offsets.topic.replication.factor=3", "offsets.topic.num.partitions=5",
    "group.initial.rebalance.delay.ms=200", "broker.session.timeout.ms=3000", "broker.heartbeat.interval.ms=500",
    "replica.lag.time.max.ms=5000",
]
RECORDS = 200_000
KEYS = 500


def three_ports():
    """The first of three free ports that follow one another, with three more for the controllers, below those that the system gives to clients: one that tries again and again
    to reach a broker that is down would otherwise be given the broker's own port, be connected to itself, and keep the port taken."""
    for _ in range(50):
        base = random.randrange(20000, 32000)
        try:
            for port in range(base, base + 6):
                with socket.socket() as sock:
                    sock.bind(("127.0.0.1", port))
            return base
        except OSError:
            continue
    raise Failed("no six free ports in a row")


class Cluster(Process):
    """`tidepool broker --brokers 3`, with its standard input for faults."""

    def __init__(self, config=()):
        base = three_ports()
        self.ports = [base, base + 1, base + 2]
        self.address = ",".join(f"127.0.0.1:{port}" for port in self.ports)
        argv = [BIN, "broker", "--brokers", "3", "--listen", f"127.0.0.1:{base}"]
        for pair in [*CONFIG, *config]:
            argv += ["--config", pair]
        super().__init__(argv, stdin=subprocess.PIPE)
        until(lambda: not self.alive() or sum("listening on" in line for line in self.lines) == 3, 10, lambda: f"three listeners: {self.text()!r}")
        check(self.alive(), f"the cluster ended: {self.text()!r}")

    def tell(self, line):
        """A fault; waits until it is done."""
        before = len(self.lines)
        self.child.stdin.write(line + "\n")
        self.child.stdin.flush()
        answer = lambda: next((said for said in self.lines[before:] if said.endswith(f"done: {line}") or f"not done: {line}" in said), None)
        said = until(answer, 10, lambda: f"an answer to {line!r}")
        check(said.startswith("done"), f"{line}: {said}")


def admin(cluster):
    from confluent_kafka.admin import AdminClient
    return AdminClient({"bootstrap.servers": cluster.address})


def create(cluster, topic, partitions):
    from confluent_kafka.admin import NewTopic
    client = admin(cluster)
    made = lambda: not [f.result() for f in client.create_topics([NewTopic(topic, partitions, 3)]).values()]
    def tried():
        try:
            made()
            return True
        except Exception as error:
            return "TOPIC_ALREADY_EXISTS" in str(error)
    until(tried, 20, "the topic is created")
    def in_sync():
        found = client.list_topics(topic, timeout=10).topics[topic].partitions
        return len(found) == partitions and all(len(p.isrs) == 3 for p in found.values())
    until(in_sync, 20, "three in sync")


def read_all(cluster, topic, wanted, seconds):
    """Everything in a topic: key, value and place of each record. `wanted` may be less than what is there."""
    from confluent_kafka import Consumer, TopicPartition
    consumer = Consumer({"bootstrap.servers": cluster.address, "group.id": "check", "auto.offset.reset": "earliest",
                         "enable.auto.commit": False, "isolation.level": "read_committed"})
    try:
        partitions = consumer.list_topics(topic, timeout=20).topics[topic].partitions
        ends = {}
        for partition in partitions:
            ends[partition] = until(lambda: consumer.get_watermark_offsets(TopicPartition(topic, partition), timeout=10), 30, "watermarks")[1]
        consumer.assign([TopicPartition(topic, partition, 0) for partition in partitions])
        records, left, end = [], {p: n for p, n in ends.items() if n > 0}, time.monotonic() + seconds
        while left and time.monotonic() < end:
            for message in consumer.consume(5000, 1.0):
                if message.error():
                    continue
                records.append((message.key().decode(), message.value().decode(), message.partition(), message.offset()))
                if message.offset() + 1 >= left.get(message.partition(), 1 << 62):
                    del left[message.partition()]
        check(not left, f"not read to the end: {left} of {ends}; {len(records)} records came, {wanted} were acknowledged")
        return records
    finally:
        consumer.close()


def case_cluster_keeps_what_it_acknowledged(case):
    """acks=all, idempotent, min.insync.replicas=2: every acknowledged record is there once, in its key's order, whatever died"""
    from confluent_kafka import Producer
    seconds = float(os.environ.get("TIDEPOOL_CLUSTER_SECONDS", "20"))
    rng = random.Random(int(os.environ.get("TIDEPOOL_CLUSTER_SEED", "1")))
    records = RECORDS if seconds >= 60 else int(RECORDS * seconds / 60)
    cluster = Cluster()
    case.processes.append(cluster)
    create(cluster, "ledger", 6)
    acked, failed = set(), []

    def delivered(error, message):
        if error:
            failed.append(str(error))
        else:
            acked.add(message.value())

    producer = Producer({"bootstrap.servers": cluster.address, "acks": "all", "enable.idempotence": True, "linger.ms": 5,
                         "delivery.timeout.ms": 120000, "queue.buffering.max.messages": 1000000})
    over = threading.Event()
    faults = []

    def break_things():
        while not over.wait(rng.uniform(1.0, 2.5)):
            node, fault = rng.randrange(1, 4), rng.choice(["kill", "power-loss", "stop"])
            faults.append(f"{fault} {node}")
            cluster.tell(f"{fault} {node}")
            over.wait(rng.uniform(1.0, 4.0))
            again = lambda: attempt(cluster, f"restart {node}")
            until(again, 40, f"broker {node} comes back")

    breaker = threading.Thread(target=break_things, daemon=True)
    breaker.start()
    start = time.monotonic()
    for n in range(records):
        producer.produce("ledger", key=f"key-{n % KEYS}", value=f"{n}", on_delivery=delivered)
        if n % 200 == 0:
            producer.poll(0)
            ahead = n / records * seconds - (time.monotonic() - start)
            if ahead > 0:
                time.sleep(ahead)
    over.set()
    breaker.join(60)
    left = producer.flush(120)
    check(left == 0 and not failed, f"{left} not delivered, {len(failed)} failed: {failed[:3]}; faults: {faults}")
    found = read_all(cluster, "ledger", len(acked), 120)
    values = [value for _, value, _, _ in found]
    check(len(values) == len(set(values)), f"{len(values) - len(set(values))} records are there twice; faults: {faults}")
    lost = acked - {value.encode() for value in values}
    check(not lost, f"{len(lost)} acknowledged records are lost, such as {sorted(lost)[:3]}; faults: {faults}")
    last = {}
    for key, value, partition, offset in sorted(found, key=lambda record: (record[2], record[3])):
        check(last.get(key, -1) < int(value), f"{key}: {value} comes after {last.get(key)} at {partition}/{offset}; faults: {faults}")
        last[key] = int(value)
    check(cluster.alive(), f"the cluster ended: {cluster.text()[-2000:]}")
    check(len(faults) >= 2, "nothing was broken")
    return f"{len(acked)} acknowledged, all there once and in order, through {len(faults)} faults in {seconds:.0f} s"


def attempt(cluster, line):
    try:
        cluster.tell(line)
        return True
    except Failed:
        return False


def leader_of(cluster, topic):
    """Of its first partition; None while it is not known."""
    partition = admin(cluster).list_topics(topic, timeout=10).topics[topic].partitions.get(0)
    return partition.leader if partition and partition.leader > 0 else None


def case_cluster_acks_1_may_lose(case):
    """acks=1: a record that only the leader had is gone with it, though it was acknowledged"""
    from confluent_kafka import Producer
    cluster = Cluster()
    case.processes.append(cluster)
    create(cluster, "hasty", 1)
    leader = until(lambda: leader_of(cluster, "hasty"), 10, "a leader")
    others = [node for node in (1, 2, 3) if node != leader]
    for node in others:
        cluster.tell(f"isolate {node}")
    acked = []
    producer = Producer({"bootstrap.servers": f"127.0.0.1:{cluster.ports[leader - 1]}", "acks": 1, "enable.idempotence": False})
    for n in range(20):
        producer.produce("hasty", key="k", value=f"{n}", on_delivery=lambda error, message: error or acked.append(message.value()))
    producer.flush(10)
    check(len(acked) == 20, f"{len(acked)} of 20 were acknowledged")
    cluster.tell(f"kill {leader}")
    cluster.tell("heal")
    until(lambda: leader_of(cluster, "hasty") in others, 30, "another leader")
    cluster.tell(f"restart {leader}")
    found = {value.encode() for _, value, _, _ in read_all(cluster, "hasty", 20, 30)}
    lost = [value for value in acked if value not in found]
    check(lost, "nothing was lost: the followers had it after all")
    return f"{len(lost)} of {len(acked)} acknowledged records are lost with their leader, as acks=1 permits"


def case_cluster_broker_configs(case):
    """configs of a broker and of all brokers altered while they run, by confluent-kafka and kafka-python"""
    from confluent_kafka import KafkaException
    from confluent_kafka.admin import AlterConfigOpType, ConfigEntry, ConfigResource, ConfigSource
    from kafka.admin import ConfigResource as PythonResource, KafkaAdminClient
    cluster = Cluster()
    case.processes.append(cluster)
    create(cluster, "orders", 1)
    client = admin(cluster)
    second = lambda *entries: ConfigResource(ConfigResource.Type.BROKER, "2", incremental_configs=list(entries))
    change = lambda name, value, operation=AlterConfigOpType.SET: ConfigEntry(name, value, incremental_operation=operation)

    def alter(*entries, **options):
        for future in client.incremental_alter_configs([second(*entries)], **options).values():
            future.result(15)

    def described(kind, resource, name):
        asked = ConfigResource(kind, resource)
        entry = client.describe_configs([asked])[asked].result(15)[name]
        return entry.value, ConfigSource(entry.source), entry.is_read_only

    broker, topic = ConfigResource.Type.BROKER, ConfigResource.Type.TOPIC
    dynamic, everywhere = ConfigSource.DYNAMIC_BROKER_CONFIG, ConfigSource.DYNAMIC_DEFAULT_BROKER_CONFIG
    check(described(broker, "2", "num.partitions")[2], "num.partitions is read-only")
    check(described(broker, "2", "log.retention.ms") == (None, ConfigSource.DEFAULT_CONFIG, False), "log.retention.ms can be altered")

    # One that is only validated changes nothing; one that is read-only, and one with a bad value, are refused.
    alter(change("log.retention.ms", "60000"), validate_only=True)
    check(described(broker, "2", "log.retention.ms")[0] is None, "validate_only changes nothing")
    for name, value, words in [("num.partitions", "6", "Cannot update these configs dynamically: Set(num.partitions)"),
                               ("log.retention.ms", "soon", "Not a number of type LONG"),
                               ("min.insync.replicas", "2", "cannot be altered while ELR is enabled")]:
        try:
            alter(change(name, value))
            raise Failed(f"{name}={value} was taken")
        except KafkaException as error:
            check(words in str(error), f"{name}={value}: {error}")

    alter(change("log.retention.ms", "60000"), change("log.cleanup.policy", "compact", AlterConfigOpType.APPEND))
    holds = lambda name, expected: until(lambda: described(broker, "2", name)[:2] == expected, 10, lambda: str(described(broker, "2", name)))
    holds("log.retention.ms", ("60000", dynamic))
    holds("log.cleanup.policy", ("delete,compact", dynamic))
    check(described(broker, "1", "log.retention.ms")[0] is None, "broker 1 has none")

    # All brokers: what is set on one goes before it; topics inherit it.
    python = KafkaAdminClient(bootstrap_servers=cluster.address.split(","))
    # Neither library has a word for all brokers (a resource without a name); kafka-python at least sends the request.
    everyone = python._alter_configs_request([PythonResource("BROKER", "", {"log.retention.ms": "70000"})], incremental=True)
    answer = python._manager.run(python._manager.send, everyone)
    check([response.error_code for response in answer.responses] == [0], f"all brokers: {answer}")
    until(lambda: described(broker, "1", "log.retention.ms")[:2] == ("70000", everywhere), 10, "set on all brokers")
    holds("log.retention.ms", ("60000", dynamic))
    alter(change("log.retention.ms", None, AlterConfigOpType.DELETE))
    holds("log.retention.ms", ("70000", everywhere))
    check(described(topic, "orders", "retention.ms")[:2] == ("70000", everywhere), "topics inherit it")
    python.close()

    # It is there again after a restart.
    cluster.tell("kill 2")
    until(lambda: attempt(cluster, "restart 2"), 40, "broker 2 comes back")

    def again():
        try:
            return described(broker, "2", "log.cleanup.policy")[:2] == ("delete,compact", dynamic)
        # Until it may register, a broker that is back takes connections and answers nothing.
        except (KafkaException, TimeoutError):
            return False
    until(again, 60, "broker 2 has its configs again")


def case_cluster_deletes_records(case):
    """DeleteRecords is answered once all living replicas start there, and with REQUEST_TIMED_OUT while one is away and not fenced"""
    from confluent_kafka import KafkaError, KafkaException, Producer, TopicPartition
    cluster = Cluster()
    case.processes.append(cluster)
    create(cluster, "orders", 1)
    leader = until(lambda: leader_of(cluster, "orders"), 10, "a leader")
    producer = Producer({"bootstrap.servers": cluster.address, "acks": "all"})
    for n in range(10):
        producer.produce("orders", value=f"{n}")
    check(producer.flush(20) == 0, "ten records are not acknowledged")
    client = admin(cluster)

    def delete(before, seconds):
        asked = TopicPartition("orders", 0, before)
        return client.delete_records([asked], request_timeout=15, operation_timeout=seconds)[asked].result(20).low_watermark

    check(delete(4, 10) == 4, "the low watermark is not 4")
    cluster.tell(f"isolate {leader % 3 + 1}")
    try:
        raise Failed(f"deleted although a replica is away: {delete(6, 1)}")
    except KafkaException as error:
        check(error.args[0].code() == KafkaError.REQUEST_TIMED_OUT, f"a replica is away: {error}")

    def fenced():
        try:
            return delete(7, 1) == 7
        except KafkaException:
            return False
    until(fenced, 20, "the replica that is away is fenced and not waited for")
