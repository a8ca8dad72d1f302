"""What administrators ask and public reports of bugs are about: each answer is what Kafka 4.1.1 gives, or an honest refusal."""

import os
import signal
import struct
import time

from cluster import Cluster, create
from run import Failed, check, produce, until

# Of one broker: all configs of Kafka that are not internal.
BROKER_CONFIGS = 316


def client(broker):
    from confluent_kafka.admin import AdminClient
    return AdminClient({"bootstrap.servers": broker.address})


def make(broker, topic, config=None):
    from confluent_kafka.admin import NewTopic
    # The client ends with the last name for it, and its requests with it.
    one = client(broker)
    one.create_topics([NewTopic(topic, 1, 1, config=config or {})])[topic].result(15)


def refused(future, words):
    """The sentence with which a request was refused."""
    try:
        future.result(15)
    except Exception as error:
        check(words in str(error), f"{words!r} is expected: {error}")
        return
    raise Failed(f"it was taken, where {words!r} is expected")


def case_forged_commit_is_refused(case):
    """only coordinators write __consumer_offsets (KAFKA-20677)"""
    from confluent_kafka import KafkaError, Producer
    broker = case.broker()
    make(broker, "orders")
    case.start("kcat", "-b", broker.address, "-G", "billing", "orders")
    until(lambda: "__consumer_offsets" in client(broker).list_topics(timeout=10).topics, 15, "__consumer_offsets")
    errors = []
    producer = Producer({"bootstrap.servers": broker.address, "enable.idempotence": False})
    producer.produce("__consumer_offsets", key=b"k", value=b"v", partition=0, on_delivery=lambda error, _: errors.append(error))
    check(producer.flush(15) == 0 and errors[0] is not None, f"it is refused: {errors}")
    check(errors[0].code() == KafkaError.TOPIC_EXCEPTION, f"INVALID_TOPIC_EXCEPTION: {errors[0]}")


def case_partition_metadata_lost(case):
    """a log without partition.metadata, or with an empty one, is set aside with its records and a line (KAFKA-16814)"""
    data = case.folder()
    broker = case.broker(data=data)
    for topic in ("lost", "emptied", "kept"):
        make(broker, topic)
        produce(broker, topic, [("k", f"{n}") for n in range(20)])
    broker.kill()
    os.remove(f"{data}/lost-0/partition.metadata")
    open(f"{data}/emptied-0/partition.metadata", "w").close()
    sizes = {topic: os.path.getsize(f"{data}/{topic}-0/00000000000000000000.log") for topic in ("lost", "emptied", "kept")}
    broker = case.broker(data=data)
    for topic in ("lost", "emptied"):
        line = until(lambda: next((line for line in broker.lines if line.startswith(f"{topic}-0: partition.metadata")), None), 10, broker.text)
        stray = line.rsplit("it is ", 1)[1].split()[0]
        check(stray.endswith("-stray"), f"the name ends with -stray: {line}")
        size = os.path.getsize(f"{data}/{stray}/00000000000000000000.log")
        check(size == sizes[topic], f"{stray} has {size} bytes of {sizes[topic]}")
    # Its metadata are there, so the topic goes on, from nothing.
    offsets = lambda topic: watermarks(broker, topic)
    until(lambda: offsets("lost") == (0, 0), 20, lambda: f"an empty log: {offsets('lost')}")
    check(offsets("kept") == (0, 20), f"what has its metadata is as it was: {offsets('kept')}")


def watermarks(broker, topic):
    from confluent_kafka import Consumer, KafkaException, TopicPartition
    consumer = Consumer({"bootstrap.servers": broker.address, "group.id": "watermarks"})
    try:
        return consumer.get_watermark_offsets(TopicPartition(topic, 0), timeout=5)
    except KafkaException:
        return None
    finally:
        consumer.close()


def case_log_dirs(case):
    """kafka-python: the sizes of logs (DescribeLogDirs), and a replica that stays where it is (AlterReplicaLogDirs)"""
    from kafka.admin import KafkaAdminClient
    broker = case.broker()
    make(broker, "sized")
    produce(broker, "sized", [("k", "x" * 1000)])
    python = KafkaAdminClient(bootstrap_servers=broker.address)
    case.closers.append(python.close)
    told = str(python.describe_log_dirs())
    check("sized" in told and "/tmp/kafka-logs" in told, f"the log and its directory: {told[:500]}")


def case_topic_compression(case):
    """compression.type of a topic is the codec of what is stored, whatever a producer sends"""
    from confluent_kafka import Producer
    data = case.folder()
    broker = case.broker(data=data)
    sent = "gzip"
    for codec, number in [("gzip", 1), ("snappy", 2), ("lz4", 3), ("zstd", 4), ("uncompressed", 0), ("producer", 1)]:
        make(broker, f"in-{codec}", {"compression.type": codec})
        producer = Producer({"bootstrap.servers": broker.address, "compression.type": sent, "linger.ms": 100})
        for n in range(50):
            producer.produce(f"in-{codec}", value=b"v" * 200)
        check(producer.flush(15) == 0, f"{codec}: delivered")
        with open(f"{data}/in-{codec}-0/00000000000000000000.log", "rb") as log:
            attributes = struct.unpack(">h", log.read(23)[21:23])[0]
        check(attributes & 7 == number, f"{codec}: stored with codec {attributes & 7}")


def case_record_errors(case):
    """each bad record of a batch is told by its index: others of the batch fail for another reason"""
    from confluent_kafka import KafkaError, Producer
    broker = case.broker()
    make(broker, "compacted", {"cleanup.policy": "compact"})
    told = {}
    producer = Producer({"bootstrap.servers": broker.address, "linger.ms": 10000, "retries": 0, "enable.idempotence": False})
    for n in range(9):
        note = lambda error, message: told.__setitem__(int(message.value()), error.code() if error else 0)
        producer.produce("compacted", key=None if n % 3 == 0 else f"k{n}", value=f"{n}", on_delivery=note)
    producer.flush(15)
    bad = {n for n, code in told.items() if code == KafkaError.INVALID_RECORD}
    beside = {n for n, code in told.items() if code == KafkaError._INVALID_DIFFERENT_RECORD}
    check((bad, beside) == ({0, 3, 6}, {1, 2, 4, 5, 7, 8}), f"{told}")


def case_every_config_is_told(case):
    """all configs of a broker, with what is secret hidden; unknown dynamic ones are taken; configs of groups are checked"""
    from confluent_kafka.admin import AlterConfigOpType, ConfigEntry, ConfigResource
    broker = case.broker()
    one = client(broker)
    resource = ConfigResource(ConfigResource.Type.BROKER, "1")
    found = one.describe_configs([resource])[resource].result(15)
    check(len(found) == BROKER_CONFIGS, f"{len(found)} configs")
    check(found["ssl.keystore.password"].is_sensitive and not found["num.partitions"].is_sensitive, "a password is hidden")
    check(found["broker.id"].value == "1" and found["process.roles"].value == "broker,controller", "who it is")
    set_to = lambda name, value: ConfigEntry(name, value, incremental_operation=AlterConfigOpType.SET)
    change = lambda kind, of, name, value: one.incremental_alter_configs([ConfigResource(kind, of, incremental_configs=[set_to(name, value)])])
    only = lambda futures: next(iter(futures.values()))
    only(change(ConfigResource.Type.BROKER, "1", "my.plugin.key", "4")).result(15)
    until(lambda: "my.plugin.key" in one.describe_configs([resource])[resource].result(15), 10, "it is told")
    topic = ConfigResource.Type.TOPIC
    make(broker, "orders")
    refused(only(change(topic, "orders", "remote.storage.enable", "true")), "Tiered Storage functionality is disabled in the broker")
    refused(only(change(topic, "orders", "leader.replication.throttled.replicas", "x:y")), "must be the literal '*' or a list of replicas")
    refused(only(change(ConfigResource.Type.BROKER, "1", "log.retention.ms", "0")), "log.retention.ms must be unlimited (-1)")


def case_what_is_not_built_is_refused(case):
    """SCRAM credentials: none are there, and none can be set"""
    from confluent_kafka.admin import ScramCredentialInfo, ScramMechanism, UserScramCredentialUpsertion
    broker = case.broker()
    one = client(broker)
    check(one.describe_user_scram_credentials().result(15) == {}, "nobody has credentials")
    refused(one.describe_user_scram_credentials(["bob"])["bob"], "Attempt to describe a user credential that does not exist: bob")
    upsertion = UserScramCredentialUpsertion("bob", ScramCredentialInfo(ScramMechanism.SCRAM_SHA_256, 8192), b"password", b"salt")
    refused(one.alter_user_scram_credentials([upsertion])["bob"], "SASL is not built here")


def case_lone_broker(case):
    """a broker alone gives the offsets one replica and says so; told to keep three, it never has a coordinator"""
    broker = case.broker()
    check(any("offsets.topic.replication.factor=1" in line for line in broker.lines), broker.text())
    told = case.broker(config=["offsets.topic.replication.factor=3"])
    make(told, "orders")
    produce(told, "orders", [("k", "v")])
    group = case.start("kcat", "-b", told.address, "-G", "billing", "orders", "-o", "beginning")
    until(lambda: "could not be created" in told.text(), 20, told.text)
    time.sleep(3)
    check("assigned" not in group.text(), f"no partition is given to it: {group.text()}")
    check("__consumer_offsets" not in client(told).list_topics(timeout=10).topics, "there is no topic of offsets")


def case_stops_in_time(case):
    """SIGTERM of three brokers with topics: all are let go, and the process ends within eight seconds"""
    cluster = Cluster()
    case.processes.append(cluster)
    for n in range(5):
        create(cluster, f"topic-{n}", 6)
    start = time.monotonic()
    cluster.child.send_signal(signal.SIGTERM)
    until(lambda: not cluster.alive(), 8, lambda: f"it ends: {cluster.text()[-2000:]}")
    check(cluster.child.returncode == 0, f"it ended with {cluster.child.returncode}")
    return f"{time.monotonic() - start:.1f} s"


def case_limits_of_connections(case):
    """max.connections.per.ip closes one connection too many; socket.request.max.bytes a request that is too long"""
    import socket
    broker = case.broker(config=["max.connections.per.ip=2", "socket.request.max.bytes=1000"])
    dial = lambda: socket.create_connection(("127.0.0.1", broker.port), 5)
    held = [dial(), dial()]
    until(lambda: closed(dial()), 10, "the third is closed")
    check(not any(closed(sock) for sock in held), "the first two stay")
    held[0].sendall(struct.pack(">i", 1001) + b"x" * 1001)
    until(lambda: closed(held[0]), 10, "a request of 1001 bytes closes its connection")
    until(lambda: "Rejected connection from /127.0.0.1" in broker.text(), 5, broker.text)


def closed(sock):
    """Whether the other side has closed it, within half a second."""
    sock.settimeout(0.5)
    try:
        return sock.recv(1) == b""
    except TimeoutError:
        return False
    except ConnectionError:
        return True
